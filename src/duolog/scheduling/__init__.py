"""Commands that are due later: what is stored of them, who keeps them, and who executes them when they are due."""
