/** The words for every reason: what is wrong, and what the visitor can do now. */
import type { ReasonCode } from "../../../core/reason.ts";

/** What is wrong, then the next step; `{name}` stands for a parameter. */
type Words = readonly [reason: string, next: string];

export const REASONS: Readonly<Record<ReasonCode, { zh: Words; en: Words }>> = {
  "not-a-health-code": {
    zh: ["这不是健康码", "请打开健康码，或放上身份证"],
    en: ["This is not a health code", "Please open your health code, or lay down your ID card"],
  },
  "not-accepted-here": {
    zh: ["此处不接受这种凭证", "请出示健康码或身份证"],
    en: ["This kind of proof is not accepted here", "Please show a health code or ID card"],
  },
  malformed: {
    zh: ["码不完整或已损坏", "请刷新后再试，或使用身份证"],
    en: ["The code is damaged or incomplete", "Please refresh it, or use your ID card"],
  },
  "schema-violation": {
    zh: ["码的内容不符合规范", "请联系发码机构，或请工作人员协助"],
    en: ["The code's content is not as it should be", "Please ask staff for help"],
  },
  "parts-missing": {
    zh: ["还有其余的码未出示", "请依次出示全部的码"],
    en: ["This is one of several codes", "Please show the other parts too"],
  },
  "issuer-unknown": {
    zh: ["无法识别发码机构", "请出示其他凭证，或请工作人员协助"],
    en: ["The issuer is not known here", "Please show another proof or ask staff"],
  },
  "issuer-expired": {
    zh: ["发码机构的证书已过期", "请更新您的码"],
    en: ["The issuer's certificate has expired", "Please renew your code"],
  },
  "issuer-not-allowed": {
    zh: ["该机构无权签发此凭证", "请出示其他凭证"],
    en: ["The issuer may not issue this proof", "Please show another proof"],
  },
  "signature-invalid": {
    zh: ["签名无效，码不可信", "请出示原始的码"],
    en: ["The signature is not valid", "Please show the original code"],
  },
  "not-yet-valid": {
    zh: ["码尚未生效", "请稍后再来"],
    en: ["The code is not valid yet", "Please come back later"],
  },
  expired: {
    zh: ["码已过期", "请刷新或更新您的码"],
    en: ["The code has expired", "Please refresh or renew it"],
  },
  revoked: {
    zh: ["该凭证已被撤销", "请联系发码机构"],
    en: ["This proof was revoked", "Please contact its issuer"],
  },
  superseded: {
    zh: ["这张纸质码已被新码取代", "请使用新的纸质码"],
    en: ["This paper code was replaced by a newer one", "Please use the newer one"],
  },
  "possibly-revoked": {
    zh: ["该凭证需要人工核实", "请稍候，工作人员会协助您"],
    en: ["This proof has to be checked by hand", "Please wait, staff will help you"],
  },
  "holder-unknown": {
    zh: ["此处没有您的信息", "请稍候，工作人员会协助您"],
    en: ["You are not known here", "Please wait, staff will help you"],
  },
  "directory-unreachable": {
    zh: ["暂时无法查询", "请稍候，工作人员会协助您"],
    en: ["The directory cannot be asked right now", "Please wait, staff will help you"],
  },
  "number-invalid": {
    zh: ["证件号码无效", "请重新放置证件，或请工作人员协助"],
    en: ["The card's number is not valid", "Please lay it down again or ask staff"],
  },
  "card-expired": {
    zh: ["证件已过有效期", "请使用有效证件"],
    en: ["The card has expired", "Please use a valid card"],
  },
  "card-validity-unknown": {
    zh: ["无法识别证件有效期", "请稍候，工作人员会协助您"],
    en: ["How long the card is valid cannot be read", "Please wait, staff will help you"],
  },
  "credential-kind-not-accepted": {
    zh: ["此处不接受这种凭证", "请出示健康码或身份证"],
    en: ["This kind of proof is not accepted here", "Please show a health code or ID card"],
  },
  "id-card-needed": {
    zh: ["纸质码须与身份证一同使用", "请把身份证放在读卡区"],
    en: ["A paper code needs the ID card beside it", "Please lay your ID card on the reader"],
  },
  "holder-mismatch": {
    zh: ["身份证与码不是同一人", "请使用本人的证件"],
    en: ["The ID card and the code are not the same person's", "Please use your own card"],
  },
  "live-code-too-old": {
    zh: ["这是 {issuedAt} 的码", "请刷新健康码后再出示"],
    en: ["This code is from {issuedAt}", "Please refresh it and show it again"],
  },
  "live-code-from-future": {
    zh: ["这个码的时间是 {issuedAt}，在未来", "请校准手机时间"],
    en: ["This code is dated {issuedAt}, in the future", "Please correct your phone's clock"],
  },
  "code-reused": {
    zh: ["这个码刚刚已使用", "请刷新健康码后再出示"],
    en: ["This code has just been used", "Please refresh it and show it again"],
  },
  "code-red": {
    zh: ["红码", "请勿进入，工作人员会联系您"],
    en: ["Red code", "Please do not enter; staff will talk to you"],
  },
  "code-yellow": {
    zh: ["黄码", "请勿进入，按提示完成检测"],
    en: ["Yellow code", "Please do not enter; complete the tests asked for"],
  },
  "code-colour-missing": {
    zh: ["没有健康码颜色信息", "请出示健康码"],
    en: ["No code colour is known", "Please show your health code"],
  },
  "test-missing": {
    zh: ["没有核酸检测记录", "请先做核酸检测"],
    en: ["No nucleic acid test is known", "Please take a test first"],
  },
  "test-pending": {
    zh: ["核酸检测结果未出", "请待结果出来后再来"],
    en: ["The test result is not there yet", "Please come back with the result"],
  },
  "test-unclear": {
    zh: ["无法读懂检测结果", "请稍候，工作人员会协助您"],
    en: ["The test result is not understood here", "Please wait, staff will help you"],
  },
  "test-positive": {
    zh: ["核酸检测阳性", "请勿进入，工作人员会联系您"],
    en: ["The test is positive", "Please do not enter; staff will talk to you"],
  },
  "test-too-old": {
    zh: ["核酸检测已超过 {maxAgeHours} 小时（{age}）", "请重新做核酸检测"],
    en: ["The test is older than {maxAgeHours} h ({age})", "Please take a new test"],
  },
  "test-from-future": {
    zh: ["检测时间在未来", "请工作人员协助"],
    en: ["The test is dated in the future", "Please ask staff"],
  },
  "antigen-missing": {
    zh: ["没有抗原检测记录", "请先做抗原检测"],
    en: ["No antigen test is known", "Please take a test first"],
  },
  "antigen-pending": {
    zh: ["抗原检测结果未出", "请待结果出来后再来"],
    en: ["The antigen test's result is not there yet", "Please come back with the result"],
  },
  "antigen-positive": {
    zh: ["抗原检测阳性", "请勿进入，工作人员会联系您"],
    en: ["The antigen test is positive", "Please do not enter; staff will talk to you"],
  },
  "antigen-too-old": {
    zh: ["抗原检测已超过 {maxAgeHours} 小时", "请重新检测"],
    en: ["The antigen test is older than {maxAgeHours} h", "Please take a new test"],
  },
  "vaccination-missing": {
    zh: ["没有疫苗接种记录", "请出示接种证明"],
    en: ["No vaccination is known", "Please show proof of it"],
  },
  "vaccination-unclear": {
    zh: ["无法识别疫苗种类", "请稍候，工作人员会协助您"],
    en: ["The vaccine is not known here", "Please wait, staff will help you"],
  },
  "vaccination-incomplete": {
    zh: ["疫苗接种未完成（{doses} 剂）", "请完成接种"],
    en: ["The vaccination is not complete ({doses} doses)", "Please complete it"],
  },
  "vaccination-too-recent": {
    zh: ["接种未满 {minDays} 天", "请稍后再来"],
    en: ["The last dose is less than {minDays} days ago", "Please come back later"],
  },
  "vaccination-too-old": {
    zh: ["接种已超过 {maxDays} 天", "请接种加强针或做检测"],
    en: ["The last dose is more than {maxDays} days ago", "Please get a booster or a test"],
  },
  "recovery-missing": {
    zh: ["没有康复记录", "请出示证明"],
    en: ["No recovery is known", "Please show proof of it"],
  },
  "recovery-unclear": {
    zh: ["无法识别康复的疾病", "请稍候，工作人员会协助您"],
    en: ["The recovery is from an unknown disease", "Please wait, staff will help you"],
  },
  "recovery-too-recent": {
    zh: ["康复未满 {minDays} 天", "请稍后再来"],
    en: ["Recovered less than {minDays} days ago", "Please come back later"],
  },
  "recovery-too-old": {
    zh: ["康复已超过 {maxDays} 天", "请做检测"],
    en: ["Recovered more than {maxDays} days ago", "Please take a test"],
  },
  "recovery-not-yet": {
    zh: ["康复证明尚未生效", "请稍后再来"],
    en: ["The proof of recovery is not valid yet", "Please come back later"],
  },
  "recovery-over": {
    zh: ["康复证明已过期", "请做检测"],
    en: ["The proof of recovery is no longer valid", "Please take a test"],
  },
  "business-rules-failed": {
    zh: ["不符合准入规则", "请工作人员协助"],
    en: ["The entry rules are not met", "Please ask staff"],
  },
  "business-rules-open": {
    zh: ["准入规则无法判定", "请工作人员协助"],
    en: ["The entry rules cannot be decided", "Please ask staff"],
  },
  "not-on-roster": {
    zh: ["您不在名单上", "请稍候，工作人员会协助您"],
    en: ["You are not on the list", "Please wait, staff will help you"],
  },
  "temperature-high": {
    zh: ["体温偏高 {celsius} °C", "请休息片刻，由工作人员复测"],
    en: ["Temperature is high: {celsius} °C", "Please rest; staff will measure again"],
  },
  "temperature-implausible": {
    zh: ["体温测量异常", "请正对测温口再测一次"],
    en: ["The measurement is not plausible", "Please face the sensor and try again"],
  },
  "temperature-missing": {
    zh: ["没有测到体温", "请稍候，由工作人员测温"],
    en: ["The temperature could not be taken", "Please wait, staff will measure"],
  },
  "outside-opening-hours": {
    zh: ["现在不在开放时间", "请在开放时间再来"],
    en: ["It is outside opening hours", "Please come back when we are open"],
  },
  "locked-down": {
    zh: ["此处暂停进入", "请听从工作人员安排"],
    en: ["Entry is suspended", "Please follow the staff"],
  },
  "clock-untrusted": {
    zh: ["设备时间未校准", "请稍候，工作人员会协助您"],
    en: ["This unit's clock is not certain", "Please wait, staff will help you"],
  },
  "directory-too-old": {
    zh: ["查询数据已过时（{age}）", "请稍候，工作人员会协助您"],
    en: ["The directory is out of date ({age})", "Please wait, staff will help you"],
  },
  "trust-list-too-old": {
    zh: ["验证数据已过时（{age}）", "请稍候，工作人员会协助您"],
    en: ["The trust list is out of date ({age})", "Please wait, staff will help you"],
  },
  "policy-expired": {
    zh: ["准入规则已过期", "请稍候，工作人员会协助您"],
    en: ["The entry policy has expired", "Please wait, staff will help you"],
  },
  "record-not-committed": {
    zh: ["设备无法保存记录", "请稍候，工作人员会协助您"],
    en: ["This unit could not keep the record", "Please wait, staff will help you"],
  },
  "gate-failed": {
    zh: ["门没有打开，是设备的问题", "请工作人员协助"],
    en: ["The gate did not open; this is the unit's own fault", "Please ask the staff"],
  },
  "operator-refused": {
    zh: ["工作人员未予放行", "请与工作人员沟通"],
    en: ["Staff did not let you in", "Please talk to the staff"],
  },
};
