//! Starts the emulator inside a test program and speaks to it over a bare socket.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use gemini_emulator::Emulator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().seed(7).time_scale(1000.0).start().await?;
    let address = emulator.local_addr();
    assert!(address.ip().is_loopback());
    assert_eq!(emulator.base_url(), format!("http://{address}"));

    let answer = tokio::task::spawn_blocking(move || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "GET /v1beta/batches HTTP/1.1\r\nHost: {address}\r\nx-goog-api-key: any\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    })
    .await??;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.trim_end().ends_with("{}"), "no jobs yet: {answer}");
    emulator.shutdown().await;
    println!("{answer}");
    Ok(())
}
