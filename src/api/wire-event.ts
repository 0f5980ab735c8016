/** What happens on the wire, for `-v` and `--debug`: no header values, no bodies. */
export type WireEvent =
  | {
      readonly kind: "sent";
      readonly method: string;
      readonly url: string;
      readonly attempt: number;
      readonly requestId: string;
      readonly bodyKeys: readonly string[];
    }
  | {
      readonly kind: "answered";
      readonly method: string;
      readonly url: string;
      readonly attempt: number;
      readonly requestId: string;
      readonly status: number;
      readonly contentType: string;
      readonly characters: number;
      readonly ms: number;
    }
  | {
      readonly kind: "failed";
      readonly method: string;
      readonly url: string;
      readonly attempt: number;
      readonly requestId: string;
      readonly reason: string;
      readonly ms: number;
    }
  | {
      readonly kind: "waiting";
      readonly method: string;
      readonly url: string;
      readonly requestId: string;
      readonly waitMs: number;
      /** Tries made so far. */
      readonly attempt: number;
      readonly reason: string;
    };
