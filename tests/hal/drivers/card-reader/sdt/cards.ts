/** Invented and specimen cards for the tests: numbers are GB 11643's example and official specimens. */
import type {
  CitizenFields,
  Foreigner2017Fields,
  Foreigner2023Fields,
  PermitFields,
} from "../../../../../sim/chips/sam-v-card.ts";

export const citizenCard: CitizenFields = {
  type: "citizen",
  name: "王小明",
  sex: "female",
  nationCode: "01",
  birth: "1949-12-31",
  address: "北京市朝阳区样本路1号",
  number: "11010519491231002X",
  issuer: "北京市公安局朝阳分局",
  validFrom: "2015-01-01",
  validTo: "长期",
};

export const permitCard: PermitFields = {
  type: "hong-kong-macau-taiwan-permit",
  name: "陳樣本",
  sex: "female",
  birth: "1994-08-23",
  address: "上海市徐汇区样本路2号",
  number: "810000199408230021",
  issuer: "上海市公安局",
  validFrom: "2021-03-01",
  validTo: "2026-03-01",
  travelPermitNumber: "H01234567",
};

export const foreigner2023Card: Foreigner2023Fields = {
  type: "foreigner-2023",
  name: "证件样本",
  sex: "female",
  latinName: "ZHENGJIAN, YANGBEN",
  country: "CAN",
  birth: "1981-08-03",
  number: "911124198108030024",
  validFrom: "2023-12-01",
  validTo: "2033-12-01",
  formerLink: "000",
};

export const foreigner2017Card: Foreigner2017Fields = {
  type: "foreigner-2017",
  name: "样本",
  sex: "male",
  latinName: "SAMPLE, PERSON",
  country: "PAK",
  birth: "1980-01-01",
  number: "PAK310080010103",
  validFrom: "2018-01-01",
  validTo: "2028-01-01",
  issuer: "1500",
};
