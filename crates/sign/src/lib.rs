//! Keys, DSSE envelopes, bundles and their verification, cosign-compatible.
