/** The parts of the shop's API that the page uses, as its JSON looks. */

/** `google.type.Money`: units and billionths of a unit, both of one sign. */
export interface Money {
  readonly currencyCode: string;
  readonly units: string;
  readonly nanos: number;
}

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly price: Money;
  readonly imageUrl: string;
  readonly available: number;
}

export interface ProductPage {
  readonly products: readonly Product[];
  readonly nextPageToken: string;
}

export interface Stock {
  readonly sku: string;
  readonly available: number;
}

export interface LineRequest {
  readonly sku: string;
  readonly quantity: number;
}

export interface QuoteLine {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly available: number;
  readonly unitPrice?: Money | null;
  readonly lineTotal?: Money | null;
}

export interface Quote {
  readonly lines: readonly QuoteLine[];
  readonly total?: Money | null;
  readonly available: boolean;
}

export interface ShippingAddress {
  readonly recipient: string;
  readonly line1: string;
  readonly line2: string;
  readonly city: string;
  readonly region: string;
  readonly postalCode: string;
  readonly countryCode: string;
}

export interface PlaceOrder {
  readonly requestId: string;
  readonly lines: readonly LineRequest[];
  readonly shippingAddress: ShippingAddress;
  readonly expectedTotal: Money;
}

export type OrderState =
  | "ORDER_STATE_PENDING"
  | "ORDER_STATE_CONFIRMED"
  | "ORDER_STATE_REJECTED"
  | "ORDER_STATE_CANCELLED"
  | "ORDER_STATE_PARTIALLY_SHIPPED"
  | "ORDER_STATE_SHIPPED"
  | "ORDER_STATE_DELIVERED";

export type RejectionReason =
  | "REJECTION_REASON_OUT_OF_STOCK"
  | "REJECTION_REASON_PRICE_CHANGED"
  | "REJECTION_REASON_UNKNOWN_SKU"
  | "REJECTION_REASON_UNAVAILABLE";

export interface RejectedLine {
  readonly sku: string;
  readonly requested: number;
  readonly available: number;
}

export interface Rejection {
  readonly reason: RejectionReason;
  readonly lines: readonly RejectedLine[];
  readonly currentTotal?: Money | null;
}

export interface Shipment {
  readonly shipmentId: string;
  readonly lines: readonly LineRequest[];
  readonly shipTime: string;
  readonly carrier: string;
  readonly trackingNumber: string;
}

export interface OrderLine {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly shippedQuantity: number;
  readonly cancelledQuantity: number;
  readonly openQuantity: number;
  readonly unitPrice?: Money | null;
  readonly lineTotal?: Money | null;
}

export interface Order {
  readonly orderId: string;
  readonly state: OrderState;
  readonly lines: readonly OrderLine[];
  readonly total?: Money | null;
  readonly rejection?: Rejection | null;
  readonly shippingAddress?: ShippingAddress | null;
  readonly version: number;
  readonly placeTime: string;
  readonly cancelReason: string;
  readonly shipments: readonly Shipment[];
  readonly cancelledTotal?: Money | null;
}

export interface OrderPage {
  readonly orders: readonly Order[];
  readonly nextPageToken: string;
}

export interface User {
  readonly email: string;
  readonly displayName: string;
}

/** What every stream sends beside its subject. */
export interface StreamMessage {
  readonly heartbeat?: object;
  readonly closed?: { readonly reason: string };
}
