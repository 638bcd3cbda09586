// One piece of work on an engineer's screen: the customer signs on it.

import { $ } from "./core.js";
import { signing } from "./sign.js";

const frame = $("[data-sign]");
if (frame) signing(frame, $("[data-strokes]"));
