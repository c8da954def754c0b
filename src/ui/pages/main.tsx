/** Chooses the page by its address. */
import { render } from "preact";
import { DoorwayPage } from "./doorway.tsx";
import { KioskPage } from "./kiosk/kiosk.tsx";
import { showSecret } from "./kiosk/own-screen.ts";
import { StaffPage } from "./staff/staff.tsx";
import "./style/base.css";
import "./style/kiosk.css";
import "./style/visits.css";
import "./style/staff.css";
import "./style/doorway.css";

const PAGES = { kiosk: KioskPage, staff: StaffPage, doorway: DoorwayPage } as const;

const [, name = ""] = location.pathname.split("/");
const page = Object.hasOwn(PAGES, name) ? (name as keyof typeof PAGES) : "kiosk";
const root = document.querySelector("#app");
if (root !== null) {
  document.body.className = `page-${page}`;
  const Page = PAGES[page];
  void showSecret().then(() => render(<Page />, root));
}
