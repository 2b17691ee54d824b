//! Which containers are open, in a bit each.

/// The containers that are open, one bit each below a mark, the innermost lowest: 1 is an object.
#[derive(Debug)]
pub(super) struct Open {
    kinds: u64,
    /// Those further out, whenever all bits are taken.
    outer: Vec<u64>,
}

const NOTHING: u64 = 1;

impl Open {
    pub(super) fn nothing() -> Self {
        Self { kinds: NOTHING, outer: Vec::new() }
    }

    #[inline]
    pub(super) fn push(&mut self, object: bool) {
        if self.kinds.leading_zeros() == 0 {
            keep(&mut self.outer, self.kinds);
            self.kinds = NOTHING;
        }
        self.kinds = self.kinds << 1 | u64::from(object);
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        self.kinds >>= 1;
        if self.kinds == NOTHING {
            self.kinds = last(&mut self.outer);
        }
    }

    #[inline]
    pub(super) fn is_nothing(&self) -> bool {
        self.kinds == NOTHING
    }

    /// Whether the innermost one is an object.
    #[inline]
    pub(super) fn in_object(&self) -> bool {
        self.kinds & 1 == 1
    }
}

#[cold]
fn keep(outer: &mut Vec<u64>, kinds: u64) {
    outer.push(kinds);
}

#[inline]
fn last(outer: &mut Vec<u64>) -> u64 {
    outer.pop().unwrap_or(NOTHING)
}
