//! A loader that is a program of its own: it is asked for a phase by a line and answers with the
//! seconds it took.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use async_trait::async_trait;

use crate::Outcome;
use crate::contestant::{Contestant, Label, Phase, Schema};

/// The program, started at its first use and kept: its connections stay open and its code warm.
pub(crate) struct Subprocess {
    label: Label,
    command: Command,
    running: Option<Running>,
}

struct Running {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Subprocess {
    pub(crate) fn new(label: Label, mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self { label, command, running: None }
    }
}

impl Running {
    fn start(command: &mut Command) -> Outcome<Self> {
        let mut child = command.spawn()?;
        let questions = child.stdin.take().ok_or("the loader takes no questions")?;
        let answers = child.stdout.take().ok_or("the loader gives no answers")?;
        let mut running = Self { child, questions, answers: BufReader::new(answers) };
        match running.answer()?.as_str() {
            "ready" => Ok(running),
            other => Err(format!("the loader is not ready: {other}").into()),
        }
    }

    fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            let status = self.child.wait()?;
            return Err(format!("the loader ended ({status}), see above").into());
        }
        Ok(line.trim().to_owned())
    }

    fn ask(&mut self, question: &str) -> Outcome<Duration> {
        writeln!(self.questions, "{question}")?;
        Ok(Duration::try_from_secs_f64(self.answer()?.parse()?)?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[async_trait]
impl Contestant for Subprocess {
    fn label(&self) -> Label {
        self.label.clone()
    }

    fn schema(&self) -> Schema {
        Schema::Plain
    }

    async fn prepare(&mut self) -> Outcome {
        if self.running.is_none() {
            self.running = Some(Running::start(&mut self.command)?);
        }
        Ok(())
    }

    async fn load(&mut self, phase: Phase) -> Outcome<Option<Duration>> {
        let running = self.running.as_mut().ok_or("the loader is not running")?;
        let question = if phase.of_nodes() { "nodes" } else { "relationships" };
        running.ask(question).map(Some)
    }

    fn process(&self) -> u32 {
        self.running.as_ref().map_or_else(std::process::id, |running| running.child.id())
    }
}
