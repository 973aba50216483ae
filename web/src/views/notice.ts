/** Messages: what happened, and what can be done now. */

import type { App } from "../app.ts";
import { button, h, link, on, setAttribute } from "../dom.ts";
import { explain, Problem, type FieldViolation } from "../problem.ts";
import { LOGIN_PATH } from "../session.ts";

type Kind = "info" | "success" | "warning" | "error";

/** A message; errors interrupt screen readers, the others wait. */
export function notice(kind: Kind, text: string, ...more: readonly Node[]): HTMLElement {
  const role = kind === "error" || kind === "warning" ? "alert" : "status";
  return h("div", { class: `notice ${kind}`, role }, h("p", {}, text), ...more);
}

/** What a failed call means for the customer; `again` repeats it where that can help. */
export function problemNotice(error: unknown, app: App, again?: () => void): HTMLElement {
  if (!(error instanceof Problem)) throw error;
  if (error.status === 401) {
    app.session.ended();
    return notice("warning", explain(error), loginLink(app, "Log in"));
  }
  const box = notice("error", explain(error));
  if (error.violations.length > 0) box.append(violationList(error.violations));
  if (again) box.append(againButton(again, error.retryAfterSeconds));
  return box;
}

export function loginLink(app: App, text: string): HTMLAnchorElement {
  return on(link(text, LOGIN_PATH, "button primary"), { click: () => app.session.leave(location.hash) });
}

export function violationList(violations: readonly FieldViolation[]): HTMLElement {
  const items = violations.map((each) => h("li", {}, `${each.field}: ${each.description}`));
  return h("ul", {}, ...items);
}

function againButton(again: () => void, waitSeconds: number | undefined): HTMLButtonElement {
  const element = button("Try again", "plain", again);
  if (waitSeconds !== undefined) countDown(element, waitSeconds);
  return element;
}

function countDown(element: HTMLButtonElement, seconds: number): void {
  setAttribute(element, "disabled", seconds > 0);
  element.textContent = seconds > 0 ? `Try again in ${seconds} s` : "Try again";
  if (seconds > 0) setTimeout(() => countDown(element, seconds - 1), 1000);
}
