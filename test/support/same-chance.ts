import fc from "fast-check";

/** Random tests try the same things in every run. */
fc.configureGlobal({ seed: 20_261_128 });
