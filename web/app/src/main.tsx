/** The entry of the pages. */

import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layers.css";
import "./styles/states.css";
import "./styles/pages.css";
import "./styles/entrance.css";
import "./styles/rooms.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { startTheme } from "./theme.ts";

startTheme();
const root = document.getElementById("app");
if (root === null) throw new Error("The page has no #app element.");
render(<App />, root);
