/** Where an order goes: the fields that the country's addresses have, and what the shop says about each. */

import type { ShippingAddress } from "../contract.ts";
import { addressRules, countries, type AddressRules } from "../countries.ts";
import { h, on, setAttribute } from "../dom.ts";
import { sentence, type FieldViolation } from "../problem.ts";

type Name = keyof ShippingAddress;
type Control = HTMLInputElement | HTMLSelectElement;

interface Field {
  readonly name: Name;
  readonly label: string;
  readonly autocomplete: string;
  readonly longest: number;
}

interface Row {
  readonly element: HTMLElement;
  readonly label: HTMLElement;
  readonly optional: HTMLElement;
  readonly complaint: HTMLElement;
  control: Control;
}

const COUNTRY: Field = { name: "countryCode", label: "Country", autocomplete: "country", longest: 2 };
const REGION: Field = { name: "region", label: "Region", autocomplete: "address-level1", longest: 100 };
const FIELDS: readonly Field[] = [
  { name: "recipient", label: "Recipient", autocomplete: "name", longest: 100 },
  { name: "line1", label: "Street and number", autocomplete: "address-line1", longest: 100 },
  { name: "line2", label: "Floor, flat, company", autocomplete: "address-line2", longest: 100 },
  { name: "postalCode", label: "Postal code", autocomplete: "postal-code", longest: 20 },
  { name: "city", label: "Town", autocomplete: "address-level2", longest: 100 },
  REGION,
];
const USUAL_COUNTRY = "DE";
const PREFIX = "shippingAddress.";

export class AddressForm {
  readonly element: HTMLElement;
  readonly #rows = new Map<Name, Row>();

  constructor(address: Partial<ShippingAddress>) {
    const chosen = on(countrySelect(address.countryCode ?? USUAL_COUNTRY), { change: () => this.#fit() });
    const country = this.#row(COUNTRY, chosen);
    const fields = FIELDS.map((field) => this.#row(field, input(field, address[field.name] ?? "")));
    this.element = h("fieldset", { class: "address" }, h("legend", {}, "Shipping address"), country, ...fields);
    this.#fit();
  }

  /** What was entered; of fields that the country's addresses do not have, nothing. */
  get value(): ShippingAddress {
    return {
      recipient: this.#text("recipient"),
      line1: this.#text("line1"),
      line2: this.#text("line2"),
      city: this.#text("city"),
      region: this.#text("region"),
      postalCode: this.#text("postalCode"),
      countryCode: this.#text("countryCode"),
    };
  }

  /** Shows what the shop says about each field, the first gets the focus; returns what is about others. */
  complain(violations: readonly FieldViolation[]): readonly FieldViolation[] {
    const byField = new Map(violations.map((violation) => [violation.field, violation]));
    for (const [name, { control, complaint, element }] of this.#rows) {
      if (element.hidden) continue;
      const violation = byField.get(PREFIX + name);
      byField.delete(PREFIX + name);
      setAttribute(control, "aria-invalid", violation ? "true" : undefined);
      complaint.replaceChildren(violation ? complaintAbout(control, violation) : "");
    }
    this.element.querySelector<HTMLElement>("[aria-invalid]")?.focus();
    return [...byField.values()];
  }

  /** Shows the fields of the chosen country. */
  #fit(): void {
    const rules = addressRules(this.#text("countryCode"));
    this.#offerRegions(rules);
    for (const [name, { element, optional, control }] of this.#rows) {
      const required = name === "countryCode" || rules.required.has(name);
      element.hidden = name !== "countryCode" && name !== "line2" && !rules.used.has(name);
      control.required = required && !element.hidden;
      optional.hidden = required;
    }
    const postalCode = this.#rows.get("postalCode");
    const example = rules.postalCodeExample;
    if (postalCode) setAttribute(postalCode.control, "placeholder", example === "" ? undefined : example);
  }

  /** A list of the country's regions, or a line where nobody has listed them. */
  #offerRegions({ regions, regionWord }: AddressRules): void {
    const row = this.#rows.get("region");
    if (!row) return;
    const text = row.control.value;
    const control = regions.length === 0 ? input(REGION, text) : select(REGION, ["", ""], ...regions.map(option));
    control.value = text;
    row.control.replaceWith(control);
    row.control = identified(control, REGION.name, row.complaint);
    row.label.firstChild?.replaceWith(regionWord.charAt(0).toUpperCase() + regionWord.slice(1));
  }

  #row({ name, label }: Field, control: Control): HTMLElement {
    const complaint = h("p", { class: "complaint", id: `address-${name}-complaint` });
    const optional = h("span", { class: "optional" }, " (optional)");
    const text = h("label", { for: `address-${name}` }, label, optional);
    const element = h("div", { class: `field ${name}` }, text, identified(control, name, complaint), complaint);
    this.#rows.set(name, { element, label: text, optional, complaint, control });
    return element;
  }

  #text(name: Name): string {
    const row = this.#rows.get(name);
    return row && !row.element.hidden ? row.control.value.trim() : "";
  }
}

function complaintAbout(control: Control, { description }: FieldViolation): string {
  return control.value.trim() === "" ? "Please fill this in." : sentence(description);
}

function identified<C extends Control>(control: C, name: Name, complaint: HTMLElement): C {
  setAttribute(control, "id", `address-${name}`);
  setAttribute(control, "aria-describedby", complaint.id);
  return control;
}

function input({ name, autocomplete, longest }: Field, value: string): HTMLInputElement {
  const element = h("input", { name, autocomplete: `shipping ${autocomplete}`, maxlength: longest });
  element.value = value;
  return element;
}

function countrySelect(code: string): HTMLSelectElement {
  const element = select(COUNTRY, ...countries().map((each): [string, string] => [each.code, each.name]));
  element.value = code;
  return element;
}

function select({ name, autocomplete }: Field, ...options: readonly [string, string][]): HTMLSelectElement {
  const elements = options.map(([value, text]) => h("option", { value }, text));
  return h("select", { name, autocomplete: `shipping ${autocomplete}` }, ...elements);
}

function option({ written, name }: { written: string; name: string }): [string, string] {
  return [written, name];
}
