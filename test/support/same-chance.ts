import fc from "fast-check";

/** Random tests try the same things in every run, and end with the first that fails: nobody reads what broke a mutant. */
fc.configureGlobal({ seed: 20_261_128, endOnFailure: true });
