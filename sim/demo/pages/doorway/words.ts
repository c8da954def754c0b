/** Words of the page of the simulated doorway, Chinese and English. */
import { bilingual, type Bilingual } from "../../../../src/ui/pages/i18n/words.ts";
import type { DistrictOrder } from "../../ports.ts";

export const ORDERS: Readonly<Record<DistrictOrder, Bilingual>> = {
  release: bilingual("远程开门", "Open remotely"),
  "lock-down": bilingual("封闭", "Lock down"),
  "lift-lock-down": bilingual("解除封闭", "Lift the lock-down"),
  evacuate: bilingual("疏散", "Evacuate"),
  "lift-evacuation": bilingual("结束疏散", "End the evacuation"),
  "forged-release": bilingual("伪造的开门指令", "Forge an opening"),
};

export const ORDER_RESULTS = {
  done: bilingual("已执行", "Done"),
  refused: bilingual("被拒绝", "Refused"),
  "no-answer": bilingual("没有答复", "No answer"),
} as const;

export const DOORWAY_TEXT = {
  kiosk: bilingual("屏幕", "Kiosk"),
  staff: bilingual("工作人员", "Staff"),
  doorway: bilingual("虚拟门口", "Virtual doorway"),
  gateOpen: bilingual("闸机已开", "Gate open"),
  gateLocked: bilingual("闸机已锁", "Gate locked"),
  nobody: bilingual("请一位来访者到门前", "Send a visitor to the door"),
  gallery: bilingual("来访者", "Visitors"),
  pick: bilingual("点击，或拖到门前", "Click one, or drag to the door"),
  camera: bilingual("摄像头所见", "What the camera sees"),
  district: bilingual("区级指令", "Commands from the district"),
  signed: bilingual("每条指令都经过签名，只生效一次", "Each is signed, and counts once"),
  world: bilingual("环境与故障", "The world"),
  light: bilingual("光线", "Light"),
  distance: bilingual("距离", "Distance"),
  noise: bilingual("噪点", "Noise"),
  brokerSwitch: bilingual("网络", "Broker"),
  thermometerSwitch: bilingual("测温", "Thermometer"),
  readerSwitch: bilingual("读卡器", "Card reader"),
  cameraSwitch: bilingual("摄像头", "Camera"),
  clockSwitch: bilingual("时间准确", "Clock right"),
  arrived: bilingual("消息服务器收到", "Arrived at the broker"),
  nothingArrived: bilingual("还没有消息", "Nothing yet"),
  explain: bilingual("判定依据", "Why"),
  moment: bilingual("读取的瞬间", "The moment it was read"),
  noFrame: bilingual("摄像头未连接", "No camera"),
  leave: bilingual("离开", "Walk away"),
} as const satisfies Readonly<Record<string, Bilingual>>;
