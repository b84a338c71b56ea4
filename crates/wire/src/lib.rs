//! Wire formats: CycloneDX, SARIF, in-toto statements, Markdown.
