// SPDX-License-Identifier: Apache-2.0
import "@fontsource-variable/inter";
import "./tokens.css";
import "./base.css";
import "./ui/ui.css";
import "./app/shell.css";
import { render } from "preact";
import { App } from "./app/app";
import { followLinks } from "./lib/router";

document.addEventListener("click", followLinks);
const root = document.getElementById("app");
if (root) render(<App />, root);
