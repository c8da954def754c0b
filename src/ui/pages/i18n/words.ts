/** All other words of the pages, Chinese and English side by side. */
import type { AlarmKind, DeviceName } from "../../../core/alarm.ts";
import type { Need, RuleOutcome } from "../../../core/decision.ts";
import type { CredentialKind, EvidenceKind } from "../../../core/evidence.ts";
import type { ScreenPhase } from "../../../core/view.ts";
import type { VisitEnding } from "../../../core/record.ts";

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
  referred: both("请稍候", "Please wait for staff"),
  "locked-down": both("暂停进入", "Entry suspended"),
  evacuation: both("请立即离开", "Please leave now"),
};

export const NEEDS: Readonly<Record<Need, Both>> = {
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
  vaccination: both("疫苗接种", "Vaccination"),
  recovery: both("康复", "Recovery"),
  temperature: both("体温", "Temperature"),
  membership: both("名单", "Roster"),
  "business-rules": both("准入规则", "Entry rules"),
};

export const RULE_OUTCOMES: Readonly<Record<RuleOutcome, Both>> = {
  met: both("符合", "met"),
  unmet: both("不符合", "not met"),
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
  "device-failed": both("设备故障", "Device failed"),
  "record-not-committed": both("记录无法保存", "Record could not be kept"),
  "outbox-filling": both("待发送记录偏多", "Outbox filling"),
  "outbox-full": both("待发送记录已满", "Outbox full"),
  "broker-unreachable": both("网络离线", "Broker offline"),
  "clock-untrusted": both("时间未校准", "Clock not certain"),
  "policy-expired": both("准入规则已过期", "Policy expired"),
  evacuation: both("疏散", "Evacuation"),
  "locked-down": both("封闭", "Lock-down"),
};

export const DEVICES: Readonly<Record<DeviceName, Both>> = {
  "code-reader": both("扫码", "Camera"),
  "card-reader": both("读卡器", "Card reader"),
  thermometer: both("测温", "Thermometer"),
  gate: both("闸机", "Gate"),
  panel: both("指示灯", "Panel"),
  "door-contacts": both("门磁", "Door contacts"),
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

export const TEXT = {
  product: both("数字哨兵", "Digital Sentinel"),
  stale: both("画面已停止更新", "This screen is not live"),
  staleSince: both("最后更新于", "last update"),
  staffHelp: both("工作人员会协助您", "Staff will help you"),
  gateOpen: both("门已开", "Gate open"),
  gateLocked: both("门已锁", "Gate locked"),
  clockBad: both("时间未校准", "clock not certain"),
  brokerOff: both("离线运行，记录已保存", "offline, records are kept"),
  trustList: both("验证数据", "trust list"),
  directory: both("名单", "directory"),
  policy: both("规则", "policy"),
  waiting: both("待发送", "waiting to be sent"),
  visits: both("通行记录", "Visits"),
  noVisits: both("还没有人来", "Nobody yet"),
  delivered: both("已送达", "delivered"),
  kept: both("已保存，待发送", "kept, not sent yet"),
  letIn: both("放行", "Let in"),
  refuse: both("拒绝", "Refuse"),
  operator: both("工作人员", "Your name"),
  why: both("理由", "Reason"),
  gallery: both("来访者", "Visitors"),
  pick: both("点击或拖动一位来访者到门前", "Click a visitor, or drag one to the door"),
  camera: both("摄像头画面", "What the camera sees"),
  world: both("环境", "The world"),
  light: both("光线", "Light"),
  distance: both("距离", "Distance"),
  noise: both("噪点", "Camera noise"),
  brokerSwitch: both("网络", "Broker"),
  thermometerSwitch: both("测温", "Thermometer"),
  readerSwitch: both("读卡器", "Card reader"),
  cameraSwitch: both("摄像头", "Camera"),
  clockSwitch: both("时间错误 3 小时", "Clock 3 h wrong"),
  arrived: both("已到达网络", "Arrived at the broker"),
  why_: both("判定依据", "Why"),
  age: both("时效", "age"),
  noFrame: both("摄像头未连接", "No camera"),
  leave: both("离开", "Walk away"),
  alarms: both("警报", "Alarms"),
  decided: both("判定", "decided in"),
  gateMoved: both("开门", "gate in"),
} as const;
