/** Server-sent events that go on until they are final: what breaks is connected again. */

import type { StreamMessage } from "./contract.ts";

const FINAL = "CLOSE_REASON_FINAL_STATE";
/** Heartbeats come every 15 s: after three of them nobody is there. */
const SILENCE_MS = 45_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

export interface Stream {
  close(): void;
}

export interface Listener<T extends StreamMessage> {
  /** A message that is neither a heartbeat nor the end. */
  message(message: T): void;
  /** Whether messages arrive; false until the first has come. */
  live(live: boolean): void;
  /** A connection ended before its first message: it may have been refused. */
  refused?(): void;
}

/** Follows a stream while the page is visible: a browser has few connections to a host. */
export function follow<T extends StreamMessage>(path: string, listener: Listener<T>): Stream {
  return new Following(path, listener);
}

/** Milliseconds before the next attempt: doubled each time, spread so that not all come at once. */
export function wait(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
  return longest * (0.5 + random() / 2);
}

class Following<T extends StreamMessage> implements Stream {
  readonly #path: string;
  readonly #listener: Listener<T>;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #ended = false;

  constructor(path: string, listener: Listener<T>) {
    this.#path = path;
    this.#listener = listener;
    document.addEventListener("visibilitychange", this.#visibility);
    this.#visibility();
  }

  close(): void {
    this.#ended = true;
    document.removeEventListener("visibilitychange", this.#visibility);
    this.#disconnect();
  }

  readonly #visibility = (): void => {
    if (document.visibilityState === "hidden") this.#disconnect();
    else if (!this.#source) this.#connect();
  };

  #connect(): void {
    this.#disconnect();
    if (this.#ended) return;
    const source = new EventSource(this.#path);
    let silent = true;
    source.onmessage = (event: MessageEvent<string>) => {
      if (silent) this.#listener.live(true);
      silent = false;
      this.#failures = 0;
      this.#expectMore();
      this.#take(JSON.parse(event.data) as T);
    };
    source.onerror = () => {
      this.#again();
      if (silent) this.#listener.refused?.();
    };
    this.#source = source;
    this.#expectMore();
  }

  #take(message: T): void {
    if (message.heartbeat) return;
    if (!message.closed) this.#listener.message(message);
    else if (message.closed.reason === FINAL) this.close();
    else this.#again();
  }

  #expectMore(): void {
    this.#schedule(SILENCE_MS, () => this.#again());
  }

  #again(): void {
    if (this.#ended) return;
    this.#disconnect();
    this.#listener.live(false);
    this.#schedule(wait(this.#failures++), () => this.#connect());
  }

  #schedule(milliseconds: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }
}
