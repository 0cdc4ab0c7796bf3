using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Octet.Torch.TorchScript;

internal enum TokenKind
{
    Name,
    Number,
    Text,
    Symbol,
    NewLine,
    Indent,
    Dedent,
    End,
}

/// <summary>A word of code; the value is that of a number or a text.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, object? Value, ScriptPlace Place);

/// <summary>Divides code into words, Python's indentation included.</summary>
internal ref struct ScriptLexer
{
    private static readonly string[] Symbols =
        ["**=", "//=", "**", "//", "->", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "+", "-", "*", "/", "%", "<", ">", "@", "~", "&", "|", "^", ";"];

    private readonly string _code;
    private readonly string _file;
    private readonly ImmutableArray<Token>.Builder _tokens = ImmutableArray.CreateBuilder<Token>();
    private readonly Stack<int> _indents = new([0]);
    private int _position;
    private int _line = 1;
    private int _open;

    private ScriptLexer(string file, string code)
    {
        _file = file;
        _code = code;
    }

    /// <summary>The words of a file.</summary>
    /// <exception cref="ScriptFault">Something in it is no word.</exception>
    public static ImmutableArray<Token> Read(string file, string code) => new ScriptLexer(file, code).Run();

    private ImmutableArray<Token> Run()
    {
        bool lineStart = true;
        while (_position < _code.Length)
        {
            if (lineStart && _open == 0)
            {
                lineStart = false;
                if (!ReadIndent())
                {
                    lineStart = true;
                    continue;
                }

                if (_position == _code.Length)
                    break;
            }

            char c = _code[_position];
            if (c == '\n')
            {
                if (_open == 0)
                {
                    Add(TokenKind.NewLine, "");
                    lineStart = true;
                }

                _position++;
                _line++;
            }
            else if (c is ' ' or '\t' or '\r' or '\f')
            {
                _position++;
            }
            else if (c == '\\' && _position + 1 < _code.Length && _code[_position + 1] == '\n')
            {
                _position += 2;
                _line++;
            }
            else if (c == '#')
            {
                SkipLine();
            }
            else if (char.IsAsciiDigit(c) || c == '.' && _position + 1 < _code.Length && char.IsAsciiDigit(_code[_position + 1]))
            {
                ReadNumber();
            }
            else if (c is '"' or '\'')
            {
                ReadText(c);
            }
            else if (c == '_' || char.IsLetter(c))
            {
                int start = _position;
                while (_position < _code.Length && (_code[_position] == '_' || char.IsLetterOrDigit(_code[_position])))
                    _position++;
                Add(TokenKind.Name, _code[start.._position]);
            }
            else
            {
                ReadSymbol();
            }
        }

        Add(TokenKind.NewLine, "");
        while (_indents.Pop() > 0)
            Add(TokenKind.Dedent, "");
        Add(TokenKind.End, "");
        return _tokens.ToImmutable();
    }

    // False where the line is empty.
    private bool ReadIndent()
    {
        int start = _position;
        while (_position < _code.Length && _code[_position] is ' ' or '\t' or '\r')
            _position++;
        if (_position == _code.Length)
            return true;
        if (_code[_position] == '#')
            SkipLine();
        if (_position < _code.Length && _code[_position] == '\n')
        {
            _position++;
            _line++;
            return false;
        }

        int indent = _position - start;
        if (indent > _indents.Peek())
        {
            _indents.Push(indent);
            Add(TokenKind.Indent, "");
        }

        while (indent < _indents.Peek())
        {
            _indents.Pop();
            Add(TokenKind.Dedent, "");
        }

        return indent == _indents.Peek() ? true : throw Fault("a line is indented as no other");
    }

    private void SkipLine()
    {
        while (_position < _code.Length && _code[_position] != '\n')
            _position++;
    }

    private void ReadNumber()
    {
        int start = _position;
        while (_position < _code.Length && (char.IsAsciiDigit(_code[_position]) || _code[_position] is '.' or 'e' or 'E'
            || _code[_position] is '+' or '-' && _code[_position - 1] is 'e' or 'E'))
            _position++;
        string text = _code[start.._position];
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long integer))
            Add(TokenKind.Number, text, integer);
        else if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real))
            Add(TokenKind.Number, text, real);
        else
            throw Fault($"'{text}' is no number");
    }

    private void ReadText(char quote)
    {
        bool isLong = string.CompareOrdinal(_code, _position, new string(quote, 3), 0, 3) == 0;
        string end = new(quote, isLong ? 3 : 1);
        _position += end.Length;
        var text = new StringBuilder();
        while (string.CompareOrdinal(_code, _position, end, 0, end.Length) != 0)
        {
            if (_position >= _code.Length || !isLong && _code[_position] == '\n')
                throw Fault("a text has no end");
            char c = _code[_position++];
            if (c == '\n')
                _line++;
            text.Append(c == '\\' ? ReadEscape() : c);
        }

        _position += end.Length;
        Add(TokenKind.Text, "", text.ToString());
    }

    private char ReadEscape()
    {
        char c = _position < _code.Length ? _code[_position++] : throw Fault("a text has no end");
        switch (c)
        {
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'x' when _position + 2 <= _code.Length && int.TryParse(_code.AsSpan(_position, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code):
                _position += 2;
                return (char)code;
            case >= '0' and <= '7':
                int value = c - '0';
                for (int digits = 1; digits < 3 && _position < _code.Length && _code[_position] is >= '0' and <= '7'; digits++)
                    value = value * 8 + _code[_position++] - '0';
                return (char)value;
            case '\n':
                _line++;
                return ' ';
            default:
                return c;
        }
    }

    private void ReadSymbol()
    {
        foreach (string symbol in Symbols)
        {
            if (string.CompareOrdinal(_code, _position, symbol, 0, symbol.Length) != 0)
                continue;
            Add(TokenKind.Symbol, symbol);
            _position += symbol.Length;
            _open = symbol switch
            {
                "(" or "[" or "{" => _open + 1,
                ")" or "]" or "}" => Math.Max(0, _open - 1),
                _ => _open,
            };
            return;
        }

        throw Fault($"a character of code {(int)_code[_position]} is no part of it");
    }

    private readonly void Add(TokenKind kind, string text, object? value = null) => _tokens.Add(new Token(kind, text, value, new ScriptPlace(_file, _line)));

    private readonly ScriptFault Fault(string reason) => ScriptFault.Syntax(new ScriptPlace(_file, _line), reason);
}
