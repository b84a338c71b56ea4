//! Components from lockfiles and manifests.
