/** Who is logged in. The tokens are the front door's; the page only learns the account. */

import type { Api } from "./api.ts";
import type { User } from "./contract.ts";
import { Problem } from "./problem.ts";

const RETURN = "shopmesh.return";
export const LOGIN_PATH = "/session/login";
export const LOGOUT_PATH = "/session/logout";
export const ACCOUNT_PATH = "/account";
export const REGISTER_PATH = "/account/register";

export class Session {
  readonly #api: Api;
  readonly #storage: Storage;
  readonly #listeners = new Set<() => void>();
  #user: User | undefined;

  constructor(api: Api, storage: Storage) {
    this.#api = api;
    this.#storage = storage;
  }

  get user(): User | undefined {
    return this.#user;
  }

  /** Asks the shop who this is; an unanswered question leaves things as they are. */
  async refresh(): Promise<void> {
    try {
      this.#become((await this.#api.me()).user);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.#become(undefined);
    }
  }

  /** A call was refused with 401: the session is over. */
  ended(): void {
    this.#become(undefined);
  }

  /** Remembers what is shown, to come back to it after the log-in. */
  leave(hash: string): void {
    this.#storage.setItem(RETURN, hash);
  }

  /** What was shown before the log-in, once. */
  comeBack(): string {
    const hash = this.#storage.getItem(RETURN) ?? "";
    this.#storage.removeItem(RETURN);
    return hash;
  }

  /** Leaves nothing of the customer in the browser. */
  forget(): void {
    this.#storage.clear();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #become(user: User | undefined): void {
    if (user?.email === this.#user?.email) return;
    this.#user = user;
    for (const listener of this.#listeners) listener();
  }
}
