/** Where an order goes: the fields, and what the shop says about each. */

import type { ShippingAddress } from "../contract.ts";
import { countries } from "../countries.ts";
import { h, setAttribute } from "../dom.ts";
import { sentence, type FieldViolation } from "../problem.ts";

type Name = keyof ShippingAddress;
type Control = HTMLInputElement | HTMLSelectElement;

interface Field {
  readonly name: Name;
  readonly label: string;
  readonly autocomplete: string;
  readonly required: boolean;
  readonly longest: number;
}

const FIELDS: readonly Field[] = [
  { name: "recipient", label: "Recipient", autocomplete: "name", required: true, longest: 100 },
  { name: "line1", label: "Street and number", autocomplete: "address-line1", required: true, longest: 100 },
  {
    name: "line2",
    label: "Floor, flat, company",
    autocomplete: "address-line2",
    required: false,
    longest: 100,
  },
  { name: "postalCode", label: "Postal code", autocomplete: "postal-code", required: true, longest: 20 },
  { name: "city", label: "Town", autocomplete: "address-level2", required: true, longest: 100 },
  {
    name: "region",
    label: "State or province",
    autocomplete: "address-level1",
    required: false,
    longest: 100,
  },
];
const USUAL_COUNTRY = "DE";
const PREFIX = "shippingAddress.";

export class AddressForm {
  readonly element: HTMLElement;
  readonly #controls = new Map<Name, Control>();
  readonly #complaints = new Map<Name, HTMLElement>();

  constructor(address: Partial<ShippingAddress>) {
    const fields = FIELDS.map((field) => this.#field(field, input(field, address[field.name] ?? "")));
    const country = this.#field(
      { name: "countryCode", label: "Country", autocomplete: "country", required: true, longest: 2 },
      countrySelect(address.countryCode ?? USUAL_COUNTRY),
    );
    this.element = h(
      "fieldset",
      { class: "address" },
      h("legend", {}, "Shipping address"),
      ...fields,
      country,
    );
  }

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
    for (const [name, control] of this.#controls) {
      const violation = byField.get(PREFIX + name);
      byField.delete(PREFIX + name);
      setAttribute(control, "aria-invalid", violation ? "true" : undefined);
      this.#complaints.get(name)?.replaceChildren(violation ? complaint(control, violation) : "");
    }
    this.element.querySelector<HTMLElement>("[aria-invalid]")?.focus();
    return [...byField.values()];
  }

  #field({ name, label, required }: Field, control: Control): HTMLElement {
    const id = `address-${name}`;
    const complaint = h("p", { class: "complaint", id: `${id}-complaint` });
    setAttribute(control, "id", id);
    setAttribute(control, "aria-describedby", complaint.id);
    this.#controls.set(name, control);
    this.#complaints.set(name, complaint);
    const text = h("label", { for: id }, label);
    if (!required) text.append(h("span", { class: "optional" }, " (optional)"));
    return h("div", { class: `field ${name}` }, text, control, complaint);
  }

  #text(name: Name): string {
    return this.#controls.get(name)?.value.trim() ?? "";
  }
}

function complaint(control: Control, { description }: FieldViolation): string {
  return control.value.trim() === "" ? "Please fill this in." : sentence(description);
}

function input({ name, autocomplete, required, longest }: Field, value: string): HTMLInputElement {
  const element = h("input", {
    name,
    autocomplete: `shipping ${autocomplete}`,
    required,
    maxlength: longest,
  });
  element.value = value;
  return element;
}

function countrySelect(code: string): HTMLSelectElement {
  const options = countries().map((each) => h("option", { value: each.code }, each.name));
  const element = h(
    "select",
    { name: "countryCode", autocomplete: "shipping country", required: true },
    ...options,
  );
  element.value = code;
  return element;
}
