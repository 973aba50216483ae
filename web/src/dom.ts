/** Elements from code: text stays text, so that no data ever becomes markup. */

export type Child = Node | string | undefined;
type Value = string | number | boolean | undefined;
type Listeners = {
  readonly [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void;
};

export interface Attributes {
  readonly [name: string]: Value;
}

/** An element with attributes; `true` sets one without a value, `false` leaves it out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** The element, listening. */
export function on<E extends HTMLElement>(element: E, listeners: Listeners): E {
  for (const [name, listener] of Object.entries(listeners)) {
    element.addEventListener(name, listener as EventListener);
  }
  return element;
}

export function setAttribute(element: Element, name: string, value: Value): void {
  if (value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

export function button(text: string, look: "primary" | "plain", click: () => void): HTMLButtonElement {
  return on(h("button", { type: "button", class: look }, text), { click });
}

export function link(text: string, href: string, look = ""): HTMLAnchorElement {
  return h("a", { href, class: look === "" ? undefined : look }, text);
}
