/** Words that several screens use, Chinese and English, by the codes of the core. */
import { DEVICE_NAMES, type AlarmKind, type DeviceName } from "../../../core/alarm.ts";
import { DATA_SET_KINDS, type DataSetKind } from "../../../core/data-set.ts";
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

export interface Bilingual {
  zh: string;
  en: string;
}

export const bilingual = (zh: string, en: string): Bilingual => ({ zh, en });

export const PHASES: Readonly<Record<ScreenPhase, Bilingual>> = {
  welcome: bilingual("请出示健康码或身份证", "Show your health code or ID card"),
  checking: bilingual("正在核验", "Checking"),
  granted: bilingual("请进", "Please enter"),
  denied: bilingual("不能进入", "Entry denied"),
  referred: bilingual("请找工作人员", "Please see the staff"),
  opened: bilingual("请进", "Please come in"),
  exit: bilingual("有人出来，请稍候", "Somebody is coming out, please wait"),
  "locked-down": bilingual("暂停进入", "Entry suspended"),
  evacuation: bilingual("请立即离开", "Please leave now"),
};

export const OUTCOMES: Readonly<Record<Outcome, Bilingual>> = {
  granted: bilingual("放行", "granted"),
  denied: bilingual("拒绝", "denied"),
  referred: bilingual("转人工", "referred"),
};

export const MODES: Readonly<Record<Mode, Bilingual>> = {
  normal: bilingual("正常", "normal"),
  "locked-down": bilingual("封闭", "locked down"),
  evacuation: bilingual("疏散", "evacuation"),
};

/** Why staff's decision was not carried out; `{by}` is whoever decided. */
export const REFUSALS: Readonly<Record<RefusalCode, Bilingual>> = {
  "visit-over": bilingual("这次来访已经结束", "That visit is over"),
  "already-decided": bilingual("这次来访已由{by}决定", "Already decided by {by}"),
  "being-decided": bilingual(
    "设备正在判定，请稍后再看",
    "The unit is deciding at this moment; look again",
  ),
  "confirm-needed": bilingual("需要再次确认", "This needs a second confirmation"),
  "locked-down": bilingual("封闭期间不能放行", "Nobody can be let in during a lock-down"),
  evacuation: bilingual("正在疏散，门已打开", "An evacuation is in progress; the gate is open"),
  "already-open": bilingual("门已由{by}打开", "The gate was opened already by {by}"),
  "not-recorded": bilingual(
    "决定未能记录，所以没有执行",
    "It could not be recorded, so it was not done",
  ),
  "gate-failed": bilingual("门没有打开", "The gate did not open"),
  replaced: bilingual("已被新的指令取代", "A newer command took its place"),
  "no-answer": bilingual(
    "设备没有及时答复，请看通行记录",
    "The unit did not answer in time; see the list below",
  ),
};

/** Openings of the gate without a visit. */
export const OPENINGS: Readonly<Record<OpeningSummary["cause"], Bilingual>> = {
  operator: bilingual("工作人员开门", "Opened by staff"),
  command: bilingual("远程开门", "Opened remotely"),
  "exit-request": bilingual("出门按钮", "Exit button"),
};

export const NOT_RELEASED_WORDS: Readonly<Record<NotReleased, Bilingual>> = {
  "not-recorded": bilingual("未能记录，门没有打开", "not recorded, so the gate did not open"),
  "locked-down": bilingual("封闭，门没有打开", "locked down, so the gate did not open"),
  evacuation: bilingual("疏散中，门已打开", "an evacuation; the gate was open already"),
  replaced: bilingual("被新的指令取代", "replaced by a newer one"),
  "gate-failed": bilingual("故障，门没有打开", "a fault; the gate did not open"),
  "gate-silent": bilingual("闸机没有回应", "the gate did not say whether it opened"),
};

export const NEEDS: Readonly<Record<AwaitedEvidence, Bilingual>> = {
  "id-card": bilingual("请把身份证放在读卡区", "Lay your ID card on the reader"),
  temperature: bilingual("请正对测温口，稍候", "Face the thermometer and hold still"),
};

export const CREDENTIALS: Readonly<Record<CredentialKind, Bilingual>> = {
  "health-pass-live": bilingual("健康码", "Health code"),
  "health-pass-paper": bilingual("纸质健康码", "Paper health code"),
  "opaque-token": bilingual("随申码", "Health code (token)"),
  "resident-id": bilingual("身份证", "Resident ID card"),
  "eu-dcc": bilingual("欧盟数字证书", "EU certificate"),
  "smart-health-card": bilingual("SMART 健康卡", "SMART Health Card"),
  "nz-covid-pass": bilingual("新西兰通行证", "NZ COVID Pass"),
  "vds-nc": bilingual("ICAO 可视数字签章", "ICAO VDS-NC"),
  mdoc: bilingual("移动证件", "Mobile document"),
  unknown: bilingual("无法识别", "Not recognised"),
};

export const EVIDENCE: Readonly<Record<EvidenceKind, Bilingual>> = {
  "code-colour": bilingual("码色", "Code colour"),
  "nucleic-acid-test": bilingual("核酸检测", "Nucleic acid test"),
  "antigen-test": bilingual("抗原检测", "Antigen test"),
  "other-test": bilingual("其他检测", "Other test"),
  vaccination: bilingual("疫苗接种", "Vaccination"),
  recovery: bilingual("康复", "Recovery"),
  temperature: bilingual("体温", "Temperature"),
  membership: bilingual("名单", "Roster"),
  "business-rules": bilingual("准入规则", "Entry rules"),
};

export const RULES: Readonly<Record<RuleKind, Bilingual>> = {
  "code-colour": bilingual("码色", "Code colour"),
  "nucleic-acid-test": bilingual("核酸检测", "Nucleic acid test"),
  "antigen-test": bilingual("抗原检测", "Antigen test"),
  vaccination: bilingual("疫苗接种", "Vaccination"),
  recovery: bilingual("康复", "Recovery"),
  temperature: bilingual("体温", "Temperature"),
  roster: bilingual("名单", "Roster"),
  "business-rules": bilingual("准入规则", "Entry rules"),
  "any-of": bilingual("以下任一", "One of these"),
};

export const RULE_OUTCOMES: Readonly<Record<RuleOutcome, Bilingual>> = {
  met: bilingual("符合", "met"),
  unmet: bilingual("不符合", "not met"),
  unclear: bilingual("无法判断", "unclear"),
  missing: bilingual("缺少", "missing"),
  unreachable: bilingual("无法查询", "unreachable"),
  "not-applicable": bilingual("不适用", "not applicable"),
};

export const ALARMS: Readonly<Record<AlarmKind, Bilingual>> = {
  "forced-open": bilingual("门被强行打开", "Door forced open"),
  "open-too-long": bilingual("门开启过久", "Door open too long"),
  tamper: bilingual("设备被拆动", "Tampering"),
  fire: bilingual("火警", "Fire"),
  "repeated-bad-reads": bilingual("连续读取失败", "Repeated bad reads"),
  "token-guessing": bilingual("有人在试探工作人员令牌", "Somebody is guessing the staff token"),
  "device-failed": bilingual("设备故障", "Device failed"),
  "record-not-committed": bilingual("记录无法保存", "Record could not be kept"),
  "database-replaced": bilingual("数据库损坏，已更换", "Database was damaged and replaced"),
  "outbox-filling": bilingual("待发送记录偏多", "Outbox filling"),
  "outbox-full": bilingual("待发送记录已满", "Outbox full"),
  "broker-unreachable": bilingual("网络离线", "Broker offline"),
  "broker-restricted": bilingual("网络服务受限", "Broker refuses something"),
  "unit-name-in-use": bilingual("另一台设备使用相同编号", "Another unit uses this unit's name"),
  "input-unavailable": bilingual(
    "配置的文件或地址不可用",
    "A configured file or address cannot be used",
  ),
  "directory-unreachable": bilingual("在线查询不可用", "Online look-up not available"),
  "clock-untrusted": bilingual("时间未校准", "Clock not certain"),
  "policy-expired": bilingual("准入规则已过期", "Policy expired"),
  "data-not-updated": bilingual("数据未能更新", "Data could not be updated"),
  evacuation: bilingual("疏散", "Evacuation"),
  "locked-down": bilingual("封闭", "Lock-down"),
};

export const DEVICES: Readonly<Record<DeviceName, Bilingual>> = {
  "code-reader": bilingual("扫码", "Code reader"),
  "card-reader": bilingual("读卡器", "Card reader"),
  thermometer: bilingual("测温", "Thermometer"),
  gate: bilingual("闸机", "Gate"),
  panel: bilingual("指示灯", "Panel"),
  "door-contacts": bilingual("门磁", "Door contacts"),
  "code-reader-2": bilingual("扫码 2", "Code reader 2"),
  "code-reader-3": bilingual("扫码 3", "Code reader 3"),
  "code-reader-4": bilingual("扫码 4", "Code reader 4"),
  "card-reader-2": bilingual("读卡器 2", "Card reader 2"),
  "card-reader-3": bilingual("读卡器 3", "Card reader 3"),
  "card-reader-4": bilingual("读卡器 4", "Card reader 4"),
};

export const DATA_SETS: Readonly<Record<DataSetKind, Bilingual>> = {
  policy: bilingual("准入规则", "Policy"),
  directory: bilingual("人员名录", "Directory"),
  trust: bilingual("信任列表", "Trust list"),
  revocation: bilingual("撤销列表", "Revocation list"),
  rules: bilingual("证书规则", "Certificate rules"),
};

export const ENDINGS: Readonly<Record<VisitEnding, Bilingual>> = {
  taken: bilingual("已通过", "walked through"),
  "not-taken": bilingual("未通过", "did not walk through"),
  unobserved: bilingual("未观察", "not observed"),
  abandoned: bilingual("已放弃", "abandoned"),
};

/** Lines the unit's own rules have; the policy's rules are shown by their names. */
export const HOUSE_RULES: Readonly<Record<string, Bilingual>> = {
  mode: bilingual("运行状态", "Mode"),
  "opening-hours": bilingual("开放时间", "Opening hours"),
  policy: bilingual("规则有效期", "Policy validity"),
  clock: bilingual("设备时间", "Unit clock"),
  credential: bilingual("凭证真实有效", "Credential holds"),
  "id-card": bilingual("身份证一致", "ID card matches"),
  "live-code": bilingual("码的新鲜度", "Code freshness"),
  reuse: bilingual("重复使用", "Reuse"),
  basis: bilingual("验证数据新鲜度", "Data freshness"),
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

/** Words that several screens use. */
export const TEXT = {
  product: bilingual("数字哨兵", "Digital Sentinel"),
  stale: bilingual("画面已停止更新", "This screen is not live"),
  staleSince: bilingual("最后更新", "Last update"),
  clockBad: bilingual("设备时间未校准", "Clock not certain"),
  online: bilingual("已联网", "Online"),
  offline: bilingual("离线运行", "Offline"),
  broken: bilingual("故障", "out of order"),
  trustList: bilingual("验证数据", "Trust list"),
  directory: bilingual("名单", "Directory"),
  noVisits: bilingual("还没有人来", "Nobody yet"),
  delivered: bilingual("已送达", "delivered"),
  waiting: bilingual("待发送", "waiting"),
  by: bilingual("由", "by"),
  decided: bilingual("判定", "decided in"),
  gateMoved: bilingual("开门", "gate after"),
} as const satisfies Readonly<Record<string, Bilingual>>;

export const isCredentialKind = (text: string): text is CredentialKind =>
  (CREDENTIAL_KINDS as readonly string[]).includes(text);

export const isSetKind = (text: string | undefined): text is DataSetKind =>
  (DATA_SET_KINDS as readonly string[]).includes(text ?? "");

export const isDeviceName = (text: string | undefined): text is DeviceName =>
  (DEVICE_NAMES as readonly string[]).includes(text ?? "");
