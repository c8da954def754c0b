import { describe, expect, it } from "vitest";
import { brokerAddress, shownUrl } from "../../../src/mqtt/broker-address.ts";

describe("a broker's URL", () => {
  it.each([
    ["mqtt://broker", { host: "broker", port: 1_883, secure: false }],
    ["mqtts://broker", { host: "broker", port: 8_883, secure: true }],
    ["tls://broker:443", { host: "broker", port: 443, secure: true }],
    ["tcp://[::1]:1884", { host: "::1", port: 1_884, secure: false }],
    [
      "mqtts://bob:a%25b%40c@broker:1",
      { host: "broker", port: 1, secure: true, username: "bob", password: "a%b@c" },
    ],
  ])("%s is read", (url, expected) => expect(brokerAddress(url)).toEqual(expected));

  it.each([
    ["mqtt://bob:s3cr%et@broker", /password .* has a % without two hexadecimal digits.*%25/],
    ["mqtt://bob:s3cr#et@broker", /cannot be read.*%23/],
    ["mqtt://bob:s3cr/et@broker", /cannot be read/],
    ["http://bob:s3cret@broker", /begins with http:/],
    ["s3cret", /cannot be read/],
  ])("%s is refused, and its password is not repeated", (url, message) => {
    let said = "";
    try {
      brokerAddress(url);
    } catch (error) {
      said = String(error);
    }
    expect(said).toMatch(message);
    expect(said.replace(/\(.*?\)/, "")).not.toMatch(/s3cr/);
  });
});

it.each([
  ["mqtts://bob:s3cret@broker:8883", "mqtts://broker:8883"],
  ["mqtt://bob:s3@cr#e/t?@broker:1/x?token=s3cret#s3cret", "mqtt://broker:1"],
  ["mqtt://broker", "mqtt://broker"],
])("%s is shown as %s", (url, shown) => expect(shownUrl(url)).toBe(shown));
