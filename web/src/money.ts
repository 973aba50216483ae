/** Money, formatted exactly: no amount ever passes through a binary fraction. */

import type { Money } from "./contract.ts";

const NANO_DIGITS = 9;

/** For example €12.90; every digit that the amount has is shown. */
export function formatMoney(money: Money, locale = "en"): string {
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: money.currencyCode,
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
