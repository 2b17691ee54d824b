#![doc = include_str!("../README.md")]

mod app;
mod args;
mod board;
mod cancel;
mod context;
mod dataset_rows;
mod duration;
mod emulate;
mod exit;
mod hashing;
mod judge;
mod key;
mod log;
mod notes;
mod prepare;
mod progress;
mod resume;
mod run;
mod runs;
mod sample;
mod score;
mod service;
mod status;
mod steps;
mod stop;
mod table;
mod time;
mod ui;
mod verdict;
mod words;

pub use crate::app::App;
pub use crate::duration::parse_duration;
pub use crate::exit::Exit;
