"""What a browser draws by scripts of ours: how a component is made, galleries, tables of rows."""
