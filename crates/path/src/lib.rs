//! The release path: CI workflows as a graph, and proofs about its gates.
