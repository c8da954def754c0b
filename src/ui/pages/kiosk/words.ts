/** Words of the kiosk, Chinese and English. */
import { bilingual, type Bilingual } from "../i18n/words.ts";

export const KIOSK_TEXT = {
  staleMeans: bilingual(
    "此刻的内容不作数，门保持上锁",
    "Nothing here is current; the gate stays locked",
  ),
  connecting: bilingual("正在连接设备", "Reaching the unit"),
  staffHelp: bilingual("请找工作人员", "Please ask the staff"),
  showOnlyCode: bilingual("请出示健康码", "Show your health code"),
  layOnlyCard: bilingual("请放上身份证", "Lay down your ID card"),
  layCardHere: bilingual("放在读卡区", "on the card reader"),
  ring: bilingual("请按铃或招呼工作人员", "Please ring or call the staff"),
  ringMeans: bilingual("由工作人员开门", "Staff open the door"),
  noTemperature: bilingual(
    "测温暂停，由工作人员协助",
    "No temperature can be taken now; staff will help",
  ),
  cardReaderDown: bilingual(
    "读卡器故障，请找工作人员",
    "The card reader is out of order: please ask the staff",
  ),
  entryOver: bilingual("门已重新锁上", "The gate has locked again"),
  showAgain: bilingual("仍需进入，请再次出示", "To come in, show your code or card again"),
  showCode: bilingual("手机对准摄像头", "Hold the code to the camera"),
  layCard: bilingual("或放上身份证", "or lay down your ID card"),
  readDone: bilingual("已读取", "Read"),
  screening: bilingual("体温初筛", "Temperature screening"),
  evacuate: bilingual("门已打开，请从出口离开", "The gate is open; leave by the exit"),
} as const satisfies Readonly<Record<string, Bilingual>>;
