//! The tokens of one answer, by what they are billed as.

/// Tokens of one row as the service's `usageMetadata` states them, or of many rows added up; 0 where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// `promptTokenCount`: the request, with its cached and audio parts.
    pub prompt: u64,
    /// `cachedContentTokenCount`: the part of the prompt that came from a cache.
    pub cached: u64,
    /// The part of the prompt that is audio, from `promptTokensDetails`.
    pub audio: u64,
    /// `toolUsePromptTokenCount`: what tools fed back to the model, billed as input.
    pub tool_use: u64,
    /// `candidatesTokenCount`: the answer.
    pub candidates: u64,
    /// `thoughtsTokenCount`: the model's thinking, billed as output.
    pub thoughts: u64,
}

impl Tokens {
    /// What is billed as input.
    pub fn input(&self) -> u64 {
        self.prompt.saturating_add(self.tool_use)
    }

    /// What is billed as output: the answer and the thinking.
    pub fn output(&self) -> u64 {
        self.candidates.saturating_add(self.thoughts)
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.prompt, other.prompt),
            (&mut self.cached, other.cached),
            (&mut self.audio, other.audio),
            (&mut self.tool_use, other.tool_use),
            (&mut self.candidates, other.candidates),
            (&mut self.thoughts, other.thoughts),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }
}
