#![doc = include_str!("../README.md")]

mod human;
mod kind;
mod prompt;
mod said;
mod seat;
mod sheet;
mod shown;
mod spec;
mod template;

pub use human::Humans;
pub use kind::{Kind, MOST_LABELS, Opinion, Order, Relation, Scale, Winner};
pub use prompt::Material;
pub use said::{Lack, Said, read, words};
pub use seat::{JudgeScorer, Seat};
pub use sheet::{Sheet, SheetTally};
pub use shown::{show_request, show_response};
pub use spec::{JudgeSpec, Reference, Side};
pub use template::{Template, TemplateError};
