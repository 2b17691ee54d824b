//! The program: three lines around `cli::App`.
fn main() {}
