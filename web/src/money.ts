/** Money, formatted exactly: no amount ever passes through a binary fraction. */

import type { Money } from "./contract.ts";
import { MINOR_DIGITS } from "./places_data.ts";

const NANO_DIGITS = 9;
const USUAL_DIGITS = 2;
const READER = typeof navigator === "undefined" ? "en" : navigator.language;

/** For example €12.90, or 12,90 € for a German reader; every digit that the amount has is shown. */
export function formatMoney(money: Money, locale = READER): string {
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: money.currencyCode,
    // ISO 4217's: the browser's own are those of cash in use.
    minimumFractionDigits: MINOR_DIGITS[money.currencyCode] ?? USUAL_DIGITS,
    maximumFractionDigits: NANO_DIGITS,
  });
  return format.format(decimal(money));
}

/** The amount as a decimal number in text, for example `-0.05`. */
export function decimal({ units, nanos }: Money): `${number}` {
  const negative = units.startsWith("-") || nanos < 0;
  const whole = units.replace("-", "");
  const fraction = String(Math.abs(nanos)).padStart(NANO_DIGITS, "0").replace(/0+$/, "");
  const amount = fraction === "" ? whole : `${whole}.${fraction}`;
  return `${negative ? "-" : ""}${amount}` as `${number}`;
}
