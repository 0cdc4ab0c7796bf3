using System.Collections.Immutable;

namespace Octet.Torch.TorchScript;

/// <summary>Parses the part of Python that TorchScript writes, by recursive descent. How deep code may be nested is bounded.</summary>
internal sealed class ScriptParser
{
    private const int Deepest = 100;

    // From the weakest binding to the strongest, each of them from left to right.
    private static readonly string[][] Levels =
        [["or"], ["and"], ["not"], ["==", "!=", "<", ">", "<=", ">=", "is", "in"], ["|"], ["^"], ["&"], ["+", "-"], ["*", "/", "//", "%", "@"]];

    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "and", "or", "not", "is", "in", "if", "else", "elif", "while", "for", "return", "def", "class", "pass", "break", "continue", "lambda", "with", "raise", "assert", "del", "import", "from",
    };

    private readonly ImmutableArray<Token> _tokens;
    private int _position;
    private int _depth;

    private ScriptParser(ImmutableArray<Token> tokens) => _tokens = tokens;

    private Token Current => _tokens[_position];

    /// <summary>The classes and functions of a file.</summary>
    /// <exception cref="ScriptFault">It is not of that part of Python.</exception>
    public static ImmutableArray<Statement> Parse(string file, string code)
    {
        var parser = new ScriptParser(ScriptLexer.Read(file, code));
        var statements = ImmutableArray.CreateBuilder<Statement>();
        while (parser.Current.Kind != TokenKind.End)
            parser.ParseStatement(statements);
        return statements.ToImmutable();
    }

    private void ParseStatement(ImmutableArray<Statement>.Builder into)
    {
        Token start = Current;
        if (start.Kind == TokenKind.NewLine)
        {
            _position++;
            return;
        }

        Nested(() =>
        {
            switch (start.Kind == TokenKind.Name ? start.Text : "")
            {
                case "class":
                    into.Add(ParseClass());
                    break;
                case "def":
                    into.Add(ParseFunction());
                    break;
                case "if":
                    into.Add(ParseIf());
                    break;
                case "while":
                    _position++;
                    into.Add(new WhileStatement(start.Place, ParseExpression(), ParseBlock()));
                    break;
                case "for":
                    _position++;
                    Expression target = ParseTargets();
                    Expect("in");
                    into.Add(new ForStatement(start.Place, target, ParseExpression(), ParseBlock()));
                    break;
                case "import" or "from":
                    while (Current.Kind is not (TokenKind.NewLine or TokenKind.End))
                        _position++;
                    break;
                default:
                    into.Add(ParseSimple());
                    EndLine();
                    break;
            }

            return 0;
        });
    }

    private Statement ParseSimple()
    {
        Token start = Current;
        switch (start.Kind == TokenKind.Name ? start.Text : "")
        {
            case "return":
                _position++;
                return new ReturnStatement(start.Place, AtLineEnd() ? null : ParseTuple());
            case "pass":
                _position++;
                return new PassStatement(start.Place);
            case "break":
                _position++;
                return new BreakStatement(start.Place);
            case "continue":
                _position++;
                return new ContinueStatement(start.Place);
            case "raise" or "assert" or "del" or "with" or "lambda":
                throw Fault($"'{start.Text}' is not supported");
        }

        Expression target = ParseTuple();
        // A declaration without a value says nothing that matters here.
        if (Accept(":"))
        {
            ParseExpression();
            return Accept("=") ? new AssignStatement(start.Place, target, ParseTuple()) : new PassStatement(start.Place);
        }

        if (Accept("="))
            return new AssignStatement(start.Place, target, ParseTuple());
        if (Current is { Kind: TokenKind.Symbol, Text: "+=" or "-=" or "*=" or "/=" } change)
        {
            _position++;
            return new AssignStatement(start.Place, target, new BinaryExpression(start.Place, change.Text[..^1] + "=", target, ParseTuple()));
        }

        return new ExpressionStatement(start.Place, target);
    }

    private ClassDefinition ParseClass()
    {
        ScriptPlace place = Take().Place;
        string name = TakeName();
        if (Accept("("))
        {
            while (!Accept(")"))
                Take();
        }

        var constants = ImmutableDictionary.CreateBuilder<string, Expression>();
        var methods = ImmutableDictionary.CreateBuilder<string, FunctionDefinition>();
        foreach (Statement statement in ParseBlock())
        {
            if (statement is FunctionDefinition method)
                methods[method.Name] = method;
            else if (statement is AssignStatement { Target: NameExpression constant } assignment)
                constants[constant.Name] = assignment.Value;
        }

        return new ClassDefinition(place, name, constants.ToImmutable(), methods.ToImmutable());
    }

    private FunctionDefinition ParseFunction()
    {
        ScriptPlace place = Take().Place;
        string name = TakeName();
        Expect("(");
        var parameters = ImmutableArray.CreateBuilder<Parameter>();
        while (!Accept(")"))
        {
            if (!Accept("*"))
            {
                string parameter = TakeName();
                if (Accept(":"))
                    ParseExpression();
                parameters.Add(new Parameter(parameter, Accept("=") ? ParseExpression() : null));
            }

            if (!Accept(",") && !At(")"))
                throw Fault("a parameter is expected");
        }

        if (Accept("->"))
            ParseExpression();
        return new FunctionDefinition(place, name, parameters.ToImmutable(), ParseBlock());
    }

    private IfStatement ParseIf()
    {
        ScriptPlace place = Take().Place;
        Expression condition = ParseExpression();
        ImmutableArray<Statement> then = ParseBlock();
        if (AtName("elif"))
            return new IfStatement(place, condition, then, [Nested(ParseIf)]);
        return new IfStatement(place, condition, then, AcceptName("else") ? ParseBlock() : []);
    }

    private ImmutableArray<Statement> ParseBlock()
    {
        Expect(":");
        var statements = ImmutableArray.CreateBuilder<Statement>();
        if (Current.Kind != TokenKind.NewLine)
        {
            statements.Add(ParseSimple());
            EndLine();
            return statements.ToImmutable();
        }

        while (Current.Kind == TokenKind.NewLine)
            _position++;
        // A class without any attribute has an empty body, as libtorch writes it.
        if (Current.Kind != TokenKind.Indent)
            return [];
        _position++;
        while (Current.Kind != TokenKind.Dedent)
            ParseStatement(statements);
        _position++;
        return statements.ToImmutable();
    }

    // a, b, = ... and (a, b) alike.
    private Expression ParseTuple()
    {
        Expression first = ParseExpression();
        if (!At(","))
            return first;
        var items = ImmutableArray.CreateBuilder<Expression>();
        items.Add(first);
        while (Accept(","))
        {
            if (AtLineEnd() || At("=") || At(")"))
                break;
            items.Add(ParseExpression());
        }

        return new TupleExpression(first.Place, items.ToImmutable());
    }

    // The targets of a loop: 'in' is no operator there.
    private Expression ParseTargets()
    {
        var items = ImmutableArray.CreateBuilder<Expression>();
        bool isTuple = false;
        do
        {
            if (AtName("in"))
                break;
            items.Add(ParsePostfix());
            isTuple |= At(",");
        }
        while (Accept(","));
        return isTuple ? new TupleExpression(items[0].Place, items.ToImmutable()) : items.Count == 1 ? items[0] : throw Fault("a name is expected");
    }

    private Expression ParseExpression() => Nested(() =>
    {
        Expression value = ParseLevel(0);
        if (!AtName("if"))
            return value;
        ScriptPlace place = Take().Place;
        Expression condition = ParseLevel(0);
        Expect("else");
        return new ConditionalExpression(place, condition, value, ParseExpression());
    });

    private Expression ParseLevel(int level)
    {
        if (level == Levels.Length)
            return ParseUnary();
        if (Levels[level] is ["not"])
        {
            if (!AtName("not"))
                return ParseLevel(level + 1);
            ScriptPlace place = Take().Place;
            return new UnaryExpression(place, "not", Nested(() => ParseLevel(level)));
        }

        Expression left = ParseLevel(level + 1);
        while (Current.Kind is TokenKind.Symbol or TokenKind.Name && (Levels[level].Contains(Current.Text) || level == 3 && AtName("not") && _tokens[_position + 1].Text == "in"))
        {
            Token symbol = Take();
            string text = symbol.Text;
            if (text == "is" && AcceptName("not"))
                text = "is not";
            else if (text == "not")
                text = $"not {Take().Text}";
            left = new BinaryExpression(symbol.Place, text, left, ParseLevel(level + 1));
        }

        return left;
    }

    private Expression ParseUnary()
    {
        if (Current is not { Kind: TokenKind.Symbol, Text: "-" or "+" or "~" })
        {
            Expression value = ParsePostfix();
            return At("**") ? new BinaryExpression(Take().Place, "**", value, Nested(ParseUnary)) : value;
        }

        Token symbol = Take();
        Expression operand = Nested(ParseUnary);
        return (symbol.Text, operand) switch
        {
            ("-", LiteralExpression { Value: long integer }) => new LiteralExpression(symbol.Place, -integer),
            ("-", LiteralExpression { Value: double real }) => new LiteralExpression(symbol.Place, -real),
            _ => new UnaryExpression(symbol.Place, symbol.Text, operand),
        };
    }

    private Expression ParsePostfix()
    {
        Expression value = ParseAtom();
        while (true)
        {
            ScriptPlace place = Current.Place;
            if (Accept("."))
                value = new AttributeExpression(place, value, TakeName());
            else if (Accept("("))
                value = new CallExpression(place, value, ParseArguments());
            else if (Accept("["))
                value = new SubscriptExpression(place, value, ParseIndex());
            else
                return value;
        }
    }

    private ImmutableArray<Argument> ParseArguments()
    {
        var arguments = ImmutableArray.CreateBuilder<Argument>();
        while (!Accept(")"))
        {
            string? name = null;
            if (Current.Kind == TokenKind.Name && _tokens[_position + 1] is { Kind: TokenKind.Symbol, Text: "=" })
            {
                name = TakeName();
                _position++;
            }

            arguments.Add(new Argument(name, ParseExpression()));
            if (!Accept(",") && !At(")"))
                throw Fault("an argument is expected");
        }

        return arguments.ToImmutable();
    }

    private Expression ParseIndex()
    {
        var items = ImmutableArray.CreateBuilder<Expression>();
        bool isTuple = false;
        while (!Accept("]"))
        {
            items.Add(ParseSlice());
            if (Accept(","))
                isTuple = true;
            else if (!At("]"))
                throw Fault("an index is expected");
        }

        return items.Count == 1 && !isTuple ? items[0] : new TupleExpression(Current.Place, items.ToImmutable());
    }

    private Expression ParseSlice()
    {
        ScriptPlace place = Current.Place;
        Expression? start = At(":") ? null : ParseExpression();
        if (start is not null && !At(":"))
            return start;
        Expression?[] parts = [start, null, null];
        for (int part = 1; part < 3 && Accept(":"); part++)
        {
            if (!At(":") && !At("]") && !At(","))
                parts[part] = ParseExpression();
        }

        return new SliceExpression(place, parts[0], parts[1], parts[2]);
    }

    private Expression ParseAtom()
    {
        Token token = Take();
        switch (token.Kind)
        {
            case TokenKind.Number:
                return new LiteralExpression(token.Place, token.Value);
            case TokenKind.Text:
                return new LiteralExpression(token.Place, token.Value);
            case TokenKind.Name:
                return token.Text switch
                {
                    "None" => new LiteralExpression(token.Place, null),
                    "True" => new LiteralExpression(token.Place, true),
                    "False" => new LiteralExpression(token.Place, false),
                    "inf" => new LiteralExpression(token.Place, double.PositiveInfinity),
                    "nan" => new LiteralExpression(token.Place, double.NaN),
                    _ => Keywords.Contains(token.Text) ? throw Fault(token, $"'{token.Text}' is not expected here") : new NameExpression(token.Place, token.Text),
                };
            case TokenKind.Symbol when token.Text == "(":
                return ParseItems(token.Place, ")", alwaysMany: false) is var (items, isTuple) && !isTuple && items.Length == 1 ? items[0] : new TupleExpression(token.Place, items);
            case TokenKind.Symbol when token.Text == "[":
                return new ListExpression(token.Place, ParseItems(token.Place, "]", alwaysMany: true).Items);
            case TokenKind.Symbol when token.Text == "{":
                return ParseDictionary(token.Place);
            default:
                throw Fault(token, token.Text.Length > 0 ? $"'{token.Text}' is not expected here" : "the line ends too early");
        }
    }

    private (ImmutableArray<Expression> Items, bool IsTuple) ParseItems(ScriptPlace place, string end, bool alwaysMany)
    {
        var items = ImmutableArray.CreateBuilder<Expression>();
        bool isTuple = alwaysMany;
        while (!Accept(end))
        {
            items.Add(ParseExpression());
            if (Accept(","))
                isTuple = true;
            else if (!At(end))
                throw ScriptFault.Syntax(place, $"'{end}' is missing");
        }

        return (items.ToImmutable(), isTuple || items.Count == 0);
    }

    private DictionaryExpression ParseDictionary(ScriptPlace place)
    {
        var items = ImmutableArray.CreateBuilder<(Expression, Expression)>();
        while (!Accept("}"))
        {
            Expression key = ParseExpression();
            Expect(":");
            items.Add((key, ParseExpression()));
            if (!Accept(",") && !At("}"))
                throw Fault("'}' is missing");
        }

        return new DictionaryExpression(place, items.ToImmutable());
    }

    private T Nested<T>(Func<T> parse)
    {
        if (++_depth > Deepest)
            throw Fault($"it is nested more than {Deepest} deep");
        T result = parse();
        _depth--;
        return result;
    }

    private Token Take() => Current.Kind == TokenKind.End ? throw Fault("the file ends too early") : _tokens[_position++];

    private string TakeName() => Current.Kind == TokenKind.Name ? Take().Text : throw Fault("a name is expected");

    private bool At(string symbol) => Current.Kind == TokenKind.Symbol && Current.Text == symbol;

    private bool AtName(string name) => Current.Kind == TokenKind.Name && Current.Text == name;

    private bool AtLineEnd() => Current.Kind is TokenKind.NewLine or TokenKind.End;

    private bool Accept(string symbol)
    {
        if (!At(symbol))
            return false;
        _position++;
        return true;
    }

    private bool AcceptName(string name)
    {
        if (!AtName(name))
            return false;
        _position++;
        return true;
    }

    private void Expect(string word)
    {
        if (!Accept(word) && !AcceptName(word))
            throw Fault($"'{word}' is expected");
    }

    private void EndLine()
    {
        if (Current.Kind != TokenKind.NewLine && !At(";"))
            throw Fault(Current.Text.Length > 0 ? $"'{Current.Text}' is not expected here" : "the line does not end where it should");
        _position++;
    }

    private ScriptFault Fault(string reason) => Fault(Current, reason);

    private static ScriptFault Fault(Token token, string reason) => ScriptFault.Syntax(token.Place, reason);
}
