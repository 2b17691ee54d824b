//! What must hold for every input.

mod proportion;
