/** All other words of the pages, Chinese and English side by side. */
import { DEVICE_NAMES, type AlarmKind, type DeviceName } from "../../../core/alarm.ts";
import { SET_KINDS, type SetKind } from "../../../core/data-set.ts";
import type { AwaitedEvidence, Outcome, RuleOutcome } from "../../../core/decision/decision.ts";
import {
  CREDENTIAL_KINDS,
  type CredentialKind,
  type EvidenceKind,
} from "../../../core/evidence/evidence.ts";
import type { RuleKind } from "../../../core/policy/policy.ts";
import type { ReasonCode } from "../../../core/reason.ts";
import type { OpeningSummary, ScreenPhase } from "../../../core/view/view.ts";
import type { RefusalCode } from "../../../core/authority/answer.ts";
import type { Mode, NotReleased, VisitEnding } from "../../../core/record.ts";
import type { DistrictOrder } from "../../ports.ts";

export interface Both {
  zh: string;
  en: string;
}

const both = (zh: string, en: string): Both => ({ zh, en });

export const PHASES: Readonly<Record<ScreenPhase, Both>> = {
  welcome: both("请出示健康码或身份证", "Show your health code or ID card"),
  checking: both("正在核验", "Checking"),
  granted: both("请进", "Please enter"),
  denied: both("不能进入", "Entry denied"),
  referred: both("请找工作人员", "Please see the staff"),
  opened: both("请进", "Please come in"),
  exit: both("有人出来，请稍候", "Somebody is coming out, please wait"),
  "locked-down": both("暂停进入", "Entry suspended"),
  evacuation: both("请立即离开", "Please leave now"),
};

export const OUTCOMES: Readonly<Record<Outcome, Both>> = {
  granted: both("放行", "granted"),
  denied: both("拒绝", "denied"),
  referred: both("转人工", "referred"),
};

export const MODES: Readonly<Record<Mode, Both>> = {
  normal: both("正常", "normal"),
  "locked-down": both("封闭", "locked down"),
  evacuation: both("疏散", "evacuation"),
};

/** Why staff's decision was not carried out; `{by}` is whoever decided. */
export const REFUSALS: Readonly<Record<RefusalCode, Both>> = {
  "visit-over": both("这次来访已经结束", "That visit is over"),
  "already-decided": both("这次来访已由{by}决定", "Already decided by {by}"),
  "being-decided": both(
    "设备正在判定，请稍后再看",
    "The unit is deciding at this moment; look again",
  ),
  "confirm-needed": both("需要再次确认", "This needs a second confirmation"),
  "locked-down": both("封闭期间不能放行", "Nobody can be let in during a lock-down"),
  evacuation: both("正在疏散，门已打开", "An evacuation is in progress; the gate is open"),
  "already-open": both("门已由{by}打开", "The gate was opened already by {by}"),
  "not-recorded": both(
    "决定未能记录，所以没有执行",
    "It could not be recorded, so it was not done",
  ),
  "gate-failed": both("门没有打开", "The gate did not open"),
  replaced: both("已被新的指令取代", "A newer command took its place"),
  "no-answer": both(
    "设备没有及时答复，请看通行记录",
    "The unit did not answer in time; see the list below",
  ),
};

/** Openings of the gate without a visit. */
export const OPENINGS: Readonly<Record<OpeningSummary["cause"], Both>> = {
  operator: both("工作人员开门", "Opened by staff"),
  command: both("远程开门", "Opened from afar"),
  "exit-request": both("出门按钮", "Exit button"),
};

export const NOT_RELEASED_WORDS: Readonly<Record<NotReleased, Both>> = {
  "not-recorded": both("未能记录，门没有打开", "not recorded, so the gate did not open"),
  "locked-down": both("封闭，门没有打开", "locked down, so the gate did not open"),
  evacuation: both("疏散中，门已打开", "an evacuation; the gate was open already"),
  replaced: both("被新的指令取代", "replaced by a newer one"),
  "gate-failed": both("故障，门没有打开", "a fault; the gate did not open"),
  "gate-silent": both("闸机没有回应", "the gate did not say whether it opened"),
};

export const ORDERS: Readonly<Record<DistrictOrder, Both>> = {
  release: both("远程开门", "Open from afar"),
  "lock-down": both("封闭", "Lock down"),
  "lift-lock-down": both("解除封闭", "Lift the lock-down"),
  evacuate: both("疏散", "Evacuate"),
  "lift-evacuation": both("结束疏散", "End the evacuation"),
  "forged-release": both("伪造的开门指令", "Forge an opening"),
};

export const ORDER_RESULTS = {
  done: both("已执行", "Done"),
  refused: both("被拒绝", "Refused"),
  "no-answer": both("没有答复", "No answer"),
} as const;

export const NEEDS: Readonly<Record<AwaitedEvidence, Both>> = {
  credential: both("请出示健康码或身份证", "Show a health code or ID card"),
  "id-card": both("请把身份证放在读卡区", "Lay your ID card on the reader"),
  temperature: both("请正对测温口，稍候", "Face the thermometer and hold still"),
};

export const CREDENTIALS: Readonly<Record<CredentialKind, Both>> = {
  "health-pass-live": both("健康码", "Health code"),
  "health-pass-paper": both("纸质健康码", "Paper health code"),
  "opaque-token": both("随申码", "Health code (token)"),
  "resident-id": both("身份证", "Resident ID card"),
  "eu-dcc": both("欧盟数字证书", "EU certificate"),
  "smart-health-card": both("SMART 健康卡", "SMART Health Card"),
  "nz-covid-pass": both("新西兰通行证", "NZ COVID Pass"),
  "vds-nc": both("ICAO 可视数字签章", "ICAO VDS-NC"),
  mdoc: both("移动证件", "Mobile document"),
  unknown: both("无法识别", "Not recognised"),
};

export const EVIDENCE: Readonly<Record<EvidenceKind, Both>> = {
  "code-colour": both("码色", "Code colour"),
  "nucleic-acid-test": both("核酸检测", "Nucleic acid test"),
  "antigen-test": both("抗原检测", "Antigen test"),
  "other-test": both("其他检测", "Other test"),
  vaccination: both("疫苗接种", "Vaccination"),
  recovery: both("康复", "Recovery"),
  temperature: both("体温", "Temperature"),
  membership: both("名单", "Roster"),
  "business-rules": both("准入规则", "Entry rules"),
};

export const RULES: Readonly<Record<RuleKind, Both>> = {
  "code-colour": both("码色", "Code colour"),
  "nucleic-acid-test": both("核酸检测", "Nucleic acid test"),
  "antigen-test": both("抗原检测", "Antigen test"),
  vaccination: both("疫苗接种", "Vaccination"),
  recovery: both("康复", "Recovery"),
  temperature: both("体温", "Temperature"),
  roster: both("名单", "Roster"),
  "business-rules": both("准入规则", "Entry rules"),
  "any-of": both("以下任一", "One of these"),
};

export const RULE_OUTCOMES: Readonly<Record<RuleOutcome, Both>> = {
  met: both("符合", "met"),
  unmet: both("不符合", "not met"),
  unclear: both("无法判断", "unclear"),
  missing: both("缺少", "missing"),
  unreachable: both("无法查询", "unreachable"),
  "not-applicable": both("不适用", "not applicable"),
};

export const ALARMS: Readonly<Record<AlarmKind, Both>> = {
  "forced-open": both("门被强行打开", "Door forced open"),
  "open-too-long": both("门开启过久", "Door open too long"),
  tamper: both("设备被拆动", "Tampering"),
  fire: both("火警", "Fire"),
  "repeated-bad-reads": both("连续读取失败", "Repeated bad reads"),
  "token-guessing": both("有人在试探工作人员令牌", "Somebody is guessing the staff token"),
  "device-failed": both("设备故障", "Device failed"),
  "record-not-committed": both("记录无法保存", "Record could not be kept"),
  "database-replaced": both("数据库损坏，已更换", "Database was damaged and replaced"),
  "outbox-filling": both("待发送记录偏多", "Outbox filling"),
  "outbox-full": both("待发送记录已满", "Outbox full"),
  "broker-unreachable": both("网络离线", "Broker offline"),
  "broker-restricted": both("网络服务受限", "Broker refuses something"),
  "unit-name-in-use": both("另一台设备使用相同编号", "Another unit uses this unit's name"),
  "input-unavailable": both(
    "配置的文件或地址不可用",
    "A configured file or address cannot be used",
  ),
  "directory-unreachable": both("在线查询不可用", "Online look-up not available"),
  "clock-untrusted": both("时间未校准", "Clock not certain"),
  "policy-expired": both("准入规则已过期", "Policy expired"),
  "data-not-updated": both("数据未能更新", "Data could not be updated"),
  evacuation: both("疏散", "Evacuation"),
  "locked-down": both("封闭", "Lock-down"),
};

export const DEVICES: Readonly<Record<DeviceName, Both>> = {
  "code-reader": both("扫码", "Code reader"),
  "card-reader": both("读卡器", "Card reader"),
  thermometer: both("测温", "Thermometer"),
  gate: both("闸机", "Gate"),
  panel: both("指示灯", "Panel"),
  "door-contacts": both("门磁", "Door contacts"),
  "code-reader-2": both("扫码 2", "Code reader 2"),
  "code-reader-3": both("扫码 3", "Code reader 3"),
  "code-reader-4": both("扫码 4", "Code reader 4"),
  "card-reader-2": both("读卡器 2", "Card reader 2"),
  "card-reader-3": both("读卡器 3", "Card reader 3"),
  "card-reader-4": both("读卡器 4", "Card reader 4"),
};

export const DATA_SETS: Readonly<Record<SetKind, Both>> = {
  policy: both("准入规则", "Policy"),
  directory: both("人员名录", "Directory"),
  trust: both("信任列表", "Trust list"),
  revocation: both("撤销列表", "Revocation list"),
  rules: both("证书规则", "Certificate rules"),
};

export const ENDINGS: Readonly<Record<VisitEnding, Both>> = {
  taken: both("已通过", "walked through"),
  "not-taken": both("未通过", "did not walk through"),
  unobserved: both("未观察", "not observed"),
  abandoned: both("已放弃", "abandoned"),
};

/** Lines the unit's own rules have; the policy's rules are shown by their names. */
export const HOUSE_RULES: Readonly<Record<string, Both>> = {
  mode: both("运行状态", "Mode"),
  "opening-hours": both("开放时间", "Opening hours"),
  policy: both("规则有效期", "Policy validity"),
  clock: both("设备时间", "Unit clock"),
  credential: both("凭证真实有效", "Credential holds"),
  "id-card": both("身份证一致", "ID card matches"),
  "live-code": both("码的新鲜度", "Code freshness"),
  reuse: both("重复使用", "Reuse"),
  basis: both("验证数据新鲜度", "Data freshness"),
};

/** Which kind of rule a reason belongs to, for rules that found no evidence to be named by. */
export const RULE_OF_REASON: Readonly<Partial<Record<ReasonCode, RuleKind>>> = {
  "code-colour-missing": "code-colour",
  "test-missing": "nucleic-acid-test",
  "test-pending": "nucleic-acid-test",
  "antigen-missing": "antigen-test",
  "vaccination-missing": "vaccination",
  "recovery-missing": "recovery",
  "temperature-missing": "temperature",
  "not-on-roster": "roster",
  "business-rules-open": "business-rules",
};

export const TEXT = {
  product: both("数字哨兵", "Digital Sentinel"),
  kiosk: both("屏幕", "Kiosk"),
  staff: both("工作人员", "Staff"),
  doorway: both("虚拟门口", "Virtual doorway"),
  stale: both("画面已停止更新", "This screen is not live"),
  staleMeans: both(
    "此刻的内容不作数，门保持上锁",
    "Nothing here is current; the gate stays locked",
  ),
  staleSince: both("最后更新", "Last update"),
  connecting: both("正在连接设备", "Reaching the unit"),
  staffHelp: both("请找工作人员", "Please ask the staff"),
  showOnlyCode: both("请出示健康码", "Show your health code"),
  layOnlyCard: both("请放上身份证", "Lay down your ID card"),
  layCardHere: both("放在读卡区", "on the card reader"),
  ring: both("请按铃或招呼工作人员", "Please ring or call the staff"),
  ringMeans: both("由工作人员开门", "Staff open the door"),
  noTemperature: both(
    "测温暂停，由工作人员协助",
    "No temperature can be taken now; staff will help",
  ),
  cardReaderDown: both(
    "读卡器故障，请找工作人员",
    "The card reader is out of order: please ask the staff",
  ),
  entryOver: both("门已重新锁上", "The gate has locked again"),
  showAgain: both("仍需进入，请再次出示", "To come in, show your code or card again"),
  showCode: both("手机对准摄像头", "Hold the code to the camera"),
  layCard: both("或放上身份证", "or lay down your ID card"),
  readDone: both("已读取", "Read"),
  screening: both("体温初筛", "Temperature screening"),
  evacuate: both("门已打开，请从出口离开", "The gate is open; leave by the exit"),
  gateOpen: both("闸机已开", "Gate open"),
  gateLocked: both("闸机已锁", "Gate locked"),
  nobody: both("请一位来访者到门前", "Send a visitor to the door"),
  clockBad: both("设备时间未校准", "Clock not certain"),
  clockGood: both("时间已校准", "Clock synchronised"),
  online: both("已联网", "Online"),
  offline: both("离线运行", "Offline"),
  kept: both("记录已保存，待发送", "records kept, to be sent"),
  broken: both("故障", "out of order"),
  trustList: both("验证数据", "Trust list"),
  directory: both("名单", "Directory"),
  policy: both("规则", "Policy"),
  old: both("前", "old"),
  visits: both("通行记录", "Visits"),
  noVisits: both("还没有人来", "Nobody yet"),
  delivered: both("已送达", "delivered"),
  waiting: both("待发送", "waiting"),
  letIn: both("放行", "Let in"),
  refuse: both("拒绝", "Refuse"),
  operator: both("您的姓名", "Your name"),
  by: both("由", "by"),
  why: both("理由", "Reason"),
  recorded: both("已记录", "Recorded"),
  decideHere: both("这位来访者需要您决定", "This visitor needs your decision"),
  decideNobody: both("凭理由开门一次", "Open once, with a reason"),
  decideDenied: both("这位来访者被拒绝，您可以另行决定", "Refused; you can decide otherwise"),
  openNow: both("开门一次", "Open the gate once"),
  confirmAsk: both("请再次确认。发现", "Please confirm once more. Found"),
  confirmLetIn: both("仍然放行", "Let in nevertheless"),
  confirmOpen: both("仍然开门", "Open nevertheless"),
  back: both("返回", "Back"),
  formClosed: both("这次来访已经结束，表单已关闭", "That visit is over, so its form was closed"),
  thereNow: both("现在门前", "Now at the door"),
  theUnit: both("设备", "the unit"),
  colleague: both("他人", "somebody else"),
  keptReason: both("您写下的理由", "The reason you wrote"),
  useKept: both("用在这里", "Use it here"),
  dropKept: both("不再保留", "Drop it"),
  doneUnrecorded: both("已执行，但记录尚未保存", "Done, but it is not on record yet"),
  onlyHere: both("本机没有工作人员令牌", "This unit has no staff token"),
  signInHere: both("请先登录，再查看和放行", "Sign in to see who came and to decide"),
  staffToken: both("工作人员令牌", "Staff token"),
  wrongToken: both("令牌不正确", "That is not this unit's token"),
  signIn: both("登录", "Sign in"),
  signOut: both("退出登录", "Sign out"),
  gallery: both("来访者", "Visitors"),
  pick: both("点击，或拖到门前", "Click one, or drag to the door"),
  camera: both("摄像头所见", "What the camera sees"),
  district: both("区级指令", "Orders from the district"),
  signed: both("每条指令都经过签名，只生效一次", "Each is signed, and counts once"),
  world: both("环境与故障", "The world"),
  light: both("光线", "Light"),
  distance: both("距离", "Distance"),
  noise: both("噪点", "Noise"),
  brokerSwitch: both("网络", "Broker"),
  thermometerSwitch: both("测温", "Thermometer"),
  readerSwitch: both("读卡器", "Card reader"),
  cameraSwitch: both("摄像头", "Camera"),
  clockSwitch: both("时间准确", "Clock right"),
  arrived: both("消息服务器收到", "Arrived at the broker"),
  nothingArrived: both("还没有消息", "Nothing yet"),
  explain: both("判定依据", "Why"),
  moment: both("读取的瞬间", "The moment it was read"),
  noFrame: both("摄像头未连接", "No camera"),
  leave: both("离开", "Walk away"),
  alarms: both("警报", "Alarms"),
  noAlarms: both("没有警报", "No alarms"),
  decided: both("判定", "decided in"),
  gateMoved: both("开门", "gate after"),
} as const satisfies Readonly<Record<string, Both>>;

export const isCredentialKind = (text: string): text is CredentialKind =>
  (CREDENTIAL_KINDS as readonly string[]).includes(text);

export const isSetKind = (text: string | undefined): text is SetKind =>
  (SET_KINDS as readonly string[]).includes(text ?? "");

export const isDeviceName = (text: string | undefined): text is DeviceName =>
  (DEVICE_NAMES as readonly string[]).includes(text ?? "");
