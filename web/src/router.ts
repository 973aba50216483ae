/** What is shown, read from the part of the address behind `#`. */

export type Route =
  | {
      readonly view: "products";
      readonly query: string;
      readonly category: string;
      readonly orderBy: string;
      readonly pageToken: string;
    }
  | { readonly view: "cart" }
  | { readonly view: "orders"; readonly pageToken: string }
  | { readonly view: "order"; readonly orderId: string }
  | { readonly view: "nothing" };

export type ProductsRoute = Extract<Route, { view: "products" }>;

const ORDER = /^\/orders\/([0-9a-f-]{36})$/;

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const values = new URLSearchParams(query);
  const orderId = ORDER.exec(path)?.[1];
  if (orderId) return { view: "order", orderId };
  switch (path) {
    case "":
    case "/":
      return productsRoute(values);
    case "/cart":
      return { view: "cart" };
    case "/orders":
      return { view: "orders", pageToken: values.get("page") ?? "" };
    default:
      return { view: "nothing" };
  }
}

export function productsHash(route: Partial<Omit<ProductsRoute, "view">>): string {
  return withQuery("#/", {
    q: route.query,
    category: route.category,
    sort: route.orderBy,
    page: route.pageToken,
  });
}

export function ordersHash(pageToken = ""): string {
  return withQuery("#/orders", { page: pageToken });
}

export function orderHash(orderId: string): string {
  return `#/orders/${orderId}`;
}

function productsRoute(values: URLSearchParams): ProductsRoute {
  return {
    view: "products",
    query: values.get("q") ?? "",
    category: values.get("category") ?? "",
    orderBy: values.get("sort") ?? "",
    pageToken: values.get("page") ?? "",
  };
}

function withQuery(path: string, values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
