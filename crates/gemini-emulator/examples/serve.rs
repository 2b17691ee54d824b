//! Serves an emulator until killed: `serve [ADDRESS] [STATE_DIR] [TIME_SCALE] [SCRIPT]`.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use gemini_emulator::{Emulator, Script};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:0".into()).parse()?;
    let state_dir = args.next().filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let time_scale = args.next().map_or(Ok(1.0), |scale| scale.parse())?;
    let script = match args.next() {
        Some(file) => {
            let extension = Path::new(&file).extension().unwrap_or_default().to_string_lossy();
            Script::parse(&extension, &std::fs::read_to_string(&file)?)?
        }
        None => Script::default(),
    };
    let emulator = Emulator::builder()
        .listen(address)
        .state_dir(state_dir)
        .time_scale(time_scale)
        .script(script)
        .control(true)
        .start()
        .await?;
    writeln!(std::io::stdout(), "{}", emulator.base_url())?;
    std::future::pending().await
}
