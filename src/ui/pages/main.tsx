/** Chooses the page by its address. */
import { render } from "preact";
import { DoorwayPage } from "./doorway.tsx";
import { KioskPage } from "./kiosk.tsx";
import { StaffPage } from "./staff.tsx";
import "./style.css";

const root = document.querySelector("#app");
if (root !== null) {
  const path = globalThis.location.pathname;
  document.body.className = path.slice(1);
  const page =
    path === "/staff" ? <StaffPage /> : path === "/doorway" ? <DoorwayPage /> : <KioskPage />;
  render(page, root);
}
