/** How live credentials begin; what stands in a file stays in its history. */
const CREDENTIAL =
  /(?:^|[^A-Za-z0-9])(?:(?:sk|rk)_(?:live|test)_|sk_[0-9A-Za-z]{16}|whsec_|rzp_(?:live|test)_|AKIA[0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{16}|xox[abprs]-|eyJ[\w-]{10,}\.|SG\.[\w-]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|(?:Bearer|Basic) +[\w.~+/=-]{16})|:\/\/[^\s/:@]*:[^\s/@]+@/;

/** Whether a text has the look of a live credential. */
export function looksLive(text: string): boolean {
  return CREDENTIAL.test(text);
}
