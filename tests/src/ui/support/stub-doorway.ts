/** A stub of the simulated doorway: visitors come when called, and the stub unit shows a fixed answer. */
import type { CameraFrame } from "../../../../src/ui/ports.ts";
import type { DoorwayControl, GalleryVisitor, WorldControls } from "../../../../sim/demo/ports.ts";
import { STUB_NOW_MS, STUB_VIEWS, STUB_VISITS, type StubUnit } from "./stub-unit.ts";

/** Who stands in the gallery, and which view follows when they come to the door. */
const PEOPLE: readonly (GalleryVisitor & { leadsTo: keyof typeof STUB_VIEWS })[] = [
  {
    id: "green",
    name: { zh: "王女士", en: "Ms Wang" },
    story: { zh: "绿码，核酸 20 小时前", en: "Green code, tested 20 h ago" },
    figure: { age: "adult", shows: "phone", tint: "#3d7a68", wears: "glasses" },
    temperatureC: 36.5,
    leadsTo: "granted",
  },
  {
    id: "screenshot",
    name: { zh: "小李", en: "Young Li" },
    story: { zh: "昨天的截图", en: "Yesterday's screenshot" },
    figure: { age: "young", shows: "cracked-phone", tint: "#b4643c", wears: "backpack" },
    temperatureC: 38.4,
    leadsTo: "denied",
  },
  {
    id: "old-lady",
    name: { zh: "陈奶奶", en: "Old Mrs Chen" },
    story: { zh: "只有身份证", en: "Only has her ID card" },
    figure: { age: "old", shows: "card", tint: "#7a5aa0" },
    temperatureC: 36.1,
    leadsTo: "referred",
  },
  {
    id: "paper",
    name: { zh: "赵师傅", en: "Mr Zhao" },
    story: { zh: "纸质码，须配身份证", en: "Paper code, needs the ID card" },
    figure: { age: "old", shows: "paper", tint: "#4a6b8a", wears: "hat" },
    temperatureC: 36.4,
    leadsTo: "checking",
  },
  {
    id: "courier",
    name: { zh: "快递员", en: "Courier" },
    story: { zh: "没有核酸检测", en: "No test" },
    figure: { age: "adult", shows: "nothing", tint: "#c79a1e", wears: "helmet" },
    temperatureC: 36.8,
    leadsTo: "denied",
  },
];

/** A grey gradient with a checker in the middle: enough to see that a picture arrives. */
function testPicture(sequence: number): CameraFrame {
  const width = 320;
  const height = 180;
  const luminance = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = x > 110 && x < 210 && y > 40 && y < 140;
      const checker = ((x >> 3) + (y >> 3)) % 2 === 0 ? 235 : 20;
      luminance[y * width + x] = inside ? checker : 70 + Math.floor((x * 80) / width);
    }
  }
  return { width, height, luminance, sequence };
}

export interface StubDoorway extends DoorwayControl {
  /** Publishes a new camera picture. */
  expose(): void;
}

export function createStubDoorway(unit: StubUnit): StubDoorway {
  const listeners = new Set<() => void>();
  let atDoor: string | undefined;
  let sequence = 1;
  let world: WorldControls = {
    light: 0.6,
    distanceM: 0.25,
    noise: 3,
    brokerUp: true,
    thermometerPlugged: true,
    readerPlugged: true,
    cameraPlugged: true,
    clockErrorMs: 0,
  };
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    visitors: () => PEOPLE.map(({ leadsTo: _leadsTo, ...visitor }) => visitor),
    async present(visitorId) {
      const person = PEOPLE.find((each) => each.id === visitorId);
      if (person === undefined) throw new Error(`nobody is called ${visitorId}`);
      atDoor = visitorId;
      unit.show(STUB_VIEWS[person.leadsTo]);
      tell();
    },
    dismiss() {
      atDoor = undefined;
      unit.show(STUB_VIEWS.welcome);
      tell();
    },
    atDoor: () => atDoor,
    frame: () => (world.cameraPlugged ? testPicture(sequence) : undefined),
    world: () => world,
    setWorld(change) {
      world = { ...world, ...change };
      tell();
    },
    async order(order) {
      if (!world.brokerUp) throw new Error("nobody answers as a broker");
      return { result: "done", detail: order };
    },
    broker: () => [
      {
        topic: "ds/v1/stub-1/event/visit",
        payload: JSON.stringify({ visitRef: STUB_VISITS[0]?.visitRef, outcome: "referred" }),
        atMs: STUB_NOW_MS - 4_000,
      },
    ],
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    expose() {
      sequence += 1;
      tell();
    },
  };
}
