//! Parses tokens into a tree. The operators, the loosest first: `||`, `&&`, `==` and `!=`, `<` and similar, `!`, then
//! accesses (`.name`, `[index]`).

use super::tokens::{Token, tokens};
use crate::value::ExprValue;

/// The deepest nesting of an expression: GitHub's own limit.
const MAX_DEPTH: usize = 50;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Literal(ExprValue),
    /// `matrix`, `github`…
    Context(String),
    Property(Box<Tree>, Box<Tree>),
    Call(String, Vec<Tree>),
    Not(Box<Tree>),
    Binary(&'static str, Box<Tree>, Box<Tree>),
}

/// The binary operators, the loosest first.
const BINARY: [&[&str]; 4] = [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"]];

pub(super) fn parse(text: &str) -> Result<Tree, String> {
    let mut tokens = tokens(text)?;
    tokens.reverse();
    let mut parser = Parser { tokens };
    let tree = parser.binary(0, MAX_DEPTH)?;
    match parser.tokens.pop() {
        None => Ok(tree),
        Some(token) => Err(unexpected(Some(&token))),
    }
}

struct Parser {
    /// In reverse order: the next token is last.
    tokens: Vec<Token>,
}

fn unexpected(token: Option<&Token>) -> String {
    match token {
        None => "unexpected end".to_owned(),
        Some(Token::Sign(sign)) => format!("`{sign}` is unexpected"),
        Some(Token::Word(word)) => format!("`{word}` is unexpected"),
        Some(Token::Literal(value)) => format!("`{}` is unexpected", value.text()),
    }
}

impl Parser {
    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.last(), Some(Token::Sign(next)) if *next == sign);
        if found {
            self.tokens.pop();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(unexpected(self.tokens.last())),
        }
    }

    fn binary(&mut self, level: usize, depth: usize) -> Result<Tree, String> {
        let Some(operators) = BINARY.get(level) else {
            return self.unary(depth);
        };
        let mut left = self.binary(level + 1, depth)?;
        // A chain becomes a left-leaning tree, as deep as the chain is long.
        let mut room = depth;
        while let Some(Token::Sign(sign)) = self.tokens.last()
            && let Some(operator) = operators.iter().find(|operator| *operator == sign)
        {
            room = room.checked_sub(1).ok_or_else(too_deep)?;
            self.tokens.pop();
            let right = self.binary(level + 1, depth)?;
            left = Tree::Binary(operator, left.into(), right.into());
        }
        Ok(left)
    }

    fn unary(&mut self, depth: usize) -> Result<Tree, String> {
        let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
        if self.takes("!") {
            return Ok(Tree::Not(self.unary(depth)?.into()));
        }
        let mut value = self.operand(depth)?;
        let mut room = depth;
        loop {
            let name = if self.takes(".") {
                match self.tokens.pop() {
                    Some(Token::Word(name)) => Tree::Literal(ExprValue::Text(name)),
                    token => return Err(unexpected(token.as_ref())),
                }
            } else if self.takes("[") {
                let index = self.binary(0, depth)?;
                self.expect("]")?;
                index
            } else {
                return Ok(value);
            };
            room = room.checked_sub(1).ok_or_else(too_deep)?;
            value = Tree::Property(value.into(), name.into());
        }
    }

    fn operand(&mut self, depth: usize) -> Result<Tree, String> {
        match self.tokens.pop() {
            Some(Token::Literal(value)) => Ok(Tree::Literal(value)),
            Some(Token::Word(name)) if self.takes("(") => {
                let mut arguments = Vec::new();
                if !self.takes(")") {
                    loop {
                        arguments.push(self.binary(0, depth)?);
                        if self.takes(")") {
                            break;
                        }
                        self.expect(",")?;
                    }
                }
                Ok(Tree::Call(name, arguments))
            }
            Some(Token::Word(name)) => Ok(Tree::Context(name)),
            Some(Token::Sign("(")) => {
                let inside = self.binary(0, depth)?;
                self.expect(")")?;
                Ok(inside)
            }
            token => Err(unexpected(token.as_ref())),
        }
    }
}

fn too_deep() -> String {
    format!("it nests deeper than {MAX_DEPTH} levels")
}
