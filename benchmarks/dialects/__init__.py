"""How each clinic writes down what happened: its columns, words, dates, units and file formats."""
