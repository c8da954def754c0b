/** What the camera stops for is what the verifier knows a format for. */
import { describe, expect, test } from "vitest";
import { wantedBy } from "../../../hal/drivers/code-reader/decode/wanted.ts";
import { classify } from "../../../src/credential/classify.ts";
import { CREDENTIAL_SHAPES } from "../../../src/credential/shapes.ts";

const isWanted = wantedBy(CREDENTIAL_SHAPES);
const BASE45 = "6BF570.90T9WTWGSLKC 4S49KB0*M0DY0341%AB0XK/IC/RABF37AVE8GBF3F2VRGUY50.".repeat(3);

describe("the shapes of credentials", () => {
  test.each([
    "DS1:ABC",
    "ds2:abc",
    "HC1:6BF570.90T9WTWGSLKC",
    "HC2:6BF570.90T9WTWGSLKC",
    " hc1:6bf",
    "shc:/56762909524320603460292437404460",
    "SHC:/5676",
    "NZCP:/1/2KCEVIQEIVVWK6JNGEASNICZAEP2KALYDZSGSZB2O5SWEOTOPJRXALTDN53GSZBRHEXGQZLBNR2GQLTOPICRUYMBTIFAIGTUKBAAUYTWMOSGQQDDN5XHIZLYOSBHQJTIOR2HA4Z2F4XXO53XFZ3TGLTPOJTS6MRQGE4C6Y3SMVSGK3TUNFQWY4ZPOYYXQKTIOR2HA4Z2F4XW46TDOAXGG33WNFSDCOJONBSWC3DUNAXG46RPMNXW45DFPB2HGL3WGFTXMZLSONUW63TFGEXDALRQMR2HS4DFQJ2FMZLSNFTGSYLCNRSUG4TFMRSW45DJMFWG6UDVMJWGSY2DN53GSZCQMFZXG4LDOJSWIZLOORUWC3CTOVRGUZLDOSRWSZ3JOZSW4TTBNVSWISTBMNVWUZTBNVUWY6KOMFWWKZ2TOBQXE4TPO5RWI33CNIYTSNRQFUYDILJRGYDVAYFE6VGU4MCDGK7DHLLYWHVPUS2YIDJOA6Y524TD3AZRM263WTY2BE4DPKIF27WKF3UDNNVSVWRDYIYVJ65IRJJJ6Z25M2DO4YZLBHWFQGVQR5ZLIWEQJOZTS3IQ7JTNCFDX",
    "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln",
    "mdoc:owBjMS4w",
    "DT1:ABCDEFGHIJKLMNOPQRST",
    "a1b2c3d4e5f6g7h8i9j0",
    '{"data":{"hdr":{}},"sig":{}}',
    '{"sig":{},"data":{}}',
    `V7F${BASE45}`,
    `NCF${BASE45}`,
  ])("hold %s", (text) => {
    expect(classify(text.trim())).toBeDefined();
    expect(isWanted(text)).toBe(true);
  });

  test.each([
    "",
    "https://example.org/venue/12345",
    "https://pay.example/c?amount=12",
    "WIFI:T:WPA;S:guest;P:secret;;",
    "BEGIN:VCARD",
    "4006381333931",
    "HEALTH",
    "01234567890123456789",
    "supercalifragilisticexpialidocious",
    '{"data":{}}',
    "健康码",
  ])("do not hold %s", (text) => {
    expect(classify(text.trim())).toBeUndefined();
    expect(isWanted(text)).toBe(false);
  });
});
