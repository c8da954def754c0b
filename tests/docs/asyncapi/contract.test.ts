/** The published contract is current, valid, whole, and what the broker's access rules say. */
import { readdirSync, readFileSync } from "node:fs";
import specification from "@asyncapi/specs/schemas/3.0.0-without-$id.json" with { type: "json" };
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CHANNELS } from "../../../docs/generate/asyncapi/channels.ts";
import { contractDocuments, messageSchemas } from "../../../docs/generate/asyncapi/document.ts";
import { RECORD_TYPES } from "../../../src/protocol/record-schemas.ts";
import { ADDRESSES, topicMatches, type AddressName } from "../../../src/protocol/topics.ts";

interface Document {
  channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }>;
  operations: Record<string, { action: string; tags: { name: string }[] }>;
}

function published(): Document {
  return parse(readFileSync("docs/asyncapi.yaml", "utf8")) as Document;
}

/** Every `$ref` in a value. */
function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : references(inner),
  );
}

function resolve(root: unknown, reference: string): unknown {
  return reference
    .replace("#/", "")
    .split("/")
    .reduce((at: unknown, key) => (at as Record<string, unknown> | undefined)?.[key], root);
}

describe("the documents", () => {
  const documents = contractDocuments();

  it.each([...documents])("%s is current (npm run docs:mqtt)", (path, text) => {
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("leave no schema behind of a message that is gone", () => {
    const files = readdirSync("docs/schema/mqtt").map((name) => `docs/schema/mqtt/${name}`);
    expect(files.filter((path) => !documents.has(path))).toEqual([]);
  });

  it("hold to AsyncAPI's own schema of version 3.0.0", () => {
    const ajv = addFormats.default(new Ajv({ strict: false, allErrors: true }));
    const valid = ajv.compile(specification);
    expect([valid(published()), valid.errors]).toEqual([true, null]);
  });

  it("refer to nothing that is not there", () => {
    const document = published();
    const dangling = references(document).filter((to) => resolve(document, to) === undefined);
    expect(dangling).toEqual([]);
  });

  it.each(messageSchemas())("have a sound JSON Schema of %s", (_name, schema) => {
    const ajv = addFormats.default(new Ajv({ strict: true, allowUnionTypes: true }));
    expect(() => ajv.compile(schema)).not.toThrow();
  });
});

describe("the contract", () => {
  it("has a channel for every address of the layout", () => {
    expect(Object.keys(CHANNELS).sort()).toEqual(Object.keys(ADDRESSES).sort());
  });

  it("names every message once", () => {
    const names = Object.values(CHANNELS).flatMap(({ messages }) => Object.keys(messages));
    expect(names).toEqual([...new Set(names)]);
    expect(Object.keys(CHANNELS.events.messages)).toHaveLength(RECORD_TYPES.length);
  });

  it("gives every side of a channel its operation", () => {
    const { operations } = published();
    const wanted = Object.entries(CHANNELS).flatMap(([name, { from, to }]) => [
      `${from}.send.${name}`,
      ...to.map((role) => `${role}.receive.${name}`),
    ]);
    expect(Object.keys(operations).sort()).toEqual(wanted.sort());
  });

  it("is what the broker's access rules allow, and they allow nothing else", () => {
    const allowed = accessRules();
    const needed = Object.entries(CHANNELS).flatMap(([name, { from, to, optional }]) => [
      `${from} ${optional ? "may-write" : "write"} ${topicOf(name as AddressName, from)}`,
      ...to.map((role) => `${role} read ${topicOf(name as AddressName, role)}`),
    ]);
    expect(needed.filter((need) => !allowed.some((rule) => covers(rule, need)))).toEqual([]);
    expect(allowed.filter((rule) => !needed.some((need) => covers(rule, need)))).toEqual([]);
  });
});

/** The broker's access rules, each as `role read|write topic`; `may-` for those a site has to switch on. */
function accessRules(): string[] {
  let user = "unit";
  return readFileSync("deploy/mosquitto/acl.conf", "utf8")
    .split("\n")
    .flatMap((line) => {
      const [kind, ...rest] = line.replace("# pattern ", "pattern may-").split(" ");
      if (kind === "user") user = rest.join(" ");
      return kind === "pattern" || kind === "topic" ? [`${user} ${rest.join(" ")}`] : [];
    });
}

/** Whether a rule allows what another one asks for. */
function covers(rule: string, need: string): boolean {
  const [role, access, topic = ""] = need.split(" ");
  const [ruleRole, ruleAccess, filter = ""] = rule.split(" ");
  return role === ruleRole && access === ruleAccess && topicMatches(filter, topic);
}

/** An address as access rules write it: a unit's own name for itself, any other for the rest. */
function topicOf(name: AddressName, role: string): string {
  return ADDRESSES[name]
    .replace("{root}", "sentinel")
    .replace("{unit}", role === "unit" ? "%u" : "+")
    .replace(/\{\w+\}/g, "+");
}
