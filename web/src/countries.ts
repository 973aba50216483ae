/** Countries by their ISO 3166-1 codes, named by the browser, and how an address is written there. */

import type { ShippingAddress } from "./contract.ts";
import { COUNTRIES } from "./places_data.ts";

export interface Country {
  readonly code: string;
  readonly name: string;
}

export interface Region {
  /** As it stands in an address. */
  readonly written: string;
  readonly name: string;
}

/** What the form of an address needs to know of a country. */
export interface AddressRules {
  readonly required: ReadonlySet<string>;
  readonly used: ReadonlySet<string>;
  readonly regionWord: string;
  readonly regions: readonly Region[];
  readonly postalCodeExample: string;
}

type Field = keyof ShippingAddress;

const PLACES: Readonly<Record<string, readonly Field[]>> = {
  N: ["recipient"],
  A: ["line1", "line2"],
  C: ["city"],
  S: ["region"],
  Z: ["postalCode"],
};
const ANYWHERE = { format: "%N%n%A%n%Z %C%n%S", required: [], regionWord: "region", regions: [], postalCodeExample: "" };

/** Every country, by name. */
export function countries(locale = "en"): readonly Country[] {
  const all = Object.keys(COUNTRIES).map((code) => ({ code, name: countryName(code, locale) }));
  return all.sort((one, other) => one.name.localeCompare(other.name, locale));
}

export function countryName(code: string, locale = "en"): string {
  return new Intl.DisplayNames(locale, { type: "region" }).of(code) ?? code;
}

export function addressRules(code: string): AddressRules {
  const { format, required, regionWord, regions, postalCodeExample } = COUNTRIES[code] ?? ANYWHERE;
  return {
    required: new Set(required),
    used: new Set([...required, ...fieldsOf(format)]),
    regionWord,
    regions: regions.map((each) => {
      const [written = each, name = written] = each.split("=");
      return { written, name };
    }),
    postalCodeExample,
  };
}

/** The lines of an address as its country writes them; what the country has no place for comes after them. */
export function addressLines(address: ShippingAddress, locale = "en"): readonly string[] {
  const format = (COUNTRIES[address.countryCode] ?? ANYWHERE).format;
  const lines = format.split("%n").map((line) => filled(line, address));
  const placed = new Set(fieldsOf(format));
  const others = (["line2", "city", "region", "postalCode"] as const).filter((field) => !placed.has(field));
  const left = others.map((field) => address[field]);
  return [...lines.flat(), ...left, countryName(address.countryCode, locale)].filter((line) => line !== "");
}

function fieldsOf(format: string): readonly Field[] {
  return [...format.matchAll(/%([A-Z])/g)].flatMap(([, place]) => PLACES[place ?? ""] ?? []);
}

/** One line of a format, or several where a field has several; what only separates or heads an empty field goes. */
function filled(line: string, address: ShippingAddress): readonly string[] {
  if (line === "%A") return [address.line1, address.line2];
  const text = line.replaceAll(/([^\s%]*)%([A-Z])/g, (_, head: string, place: string) => {
    const values = (PLACES[place] ?? []).map((field) => address[field]).filter((value) => value !== "");
    return values.length === 0 ? head.replaceAll(/[^,]/g, "") : head + values.join(", ");
  });
  return [text.replaceAll(/\s+/g, " ").replaceAll(/( ,)+/g, ",").replaceAll(/^[\s,-]+|[\s,-]+$/g, "")];
}
