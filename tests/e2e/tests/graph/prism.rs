//! The same behind Prism, which compares every request and every answer with Microsoft's own description of Graph, where both are
//! at hand.
