using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Octet.Torch.Checkpoints;

/// <summary>
/// Reads a pickle as data. A pickle is a program for a machine with a stack; this one knows the instructions that build values, and calls nothing
/// but what its vocabulary gives. It does not recurse, and an instruction of n bytes allocates at most in proportion to n.
/// </summary>
internal ref struct PickleReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlyMemory<byte> _pickle;
    private readonly IPickleVocabulary _vocabulary;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _position;

    private PickleReader(ReadOnlyMemory<byte> pickle, IPickleVocabulary vocabulary)
    {
        _pickle = pickle;
        _vocabulary = vocabulary;
    }

    /// <summary>Reads a pickle to its end.</summary>
    /// <exception cref="CheckpointFault">It is damaged, or names what its vocabulary does not have.</exception>
    public static object? Read(ReadOnlyMemory<byte> pickle, IPickleVocabulary vocabulary) => new PickleReader(pickle, vocabulary).Run();

    private object? Run()
    {
        while (true)
        {
            byte code = Take(1)[0];
            if (code == (byte)'.')
                break;
            Execute(code);
        }

        object? result = Pop();
        if (_stack.Count != 0 || _marks.Count != 0)
            throw Fault("values are left over at its end");
        return _position == _pickle.Length ? result : throw Fault($"{_pickle.Length - _position} bytes follow its end");
    }

    private void Execute(byte code)
    {
        switch (code)
        {
            case 0x80: // PROTO
                if (Take(1)[0] is var protocol and > 5)
                    throw Fault($"it is of protocol {protocol}");
                break;
            case 0x95: // FRAME: where a reader may read ahead to
                Take(8);
                break;

            case (byte)'N':
                Push(null);
                break;
            case 0x88: // NEWTRUE
                Push(true);
                break;
            case 0x89: // NEWFALSE
                Push(false);
                break;
            case (byte)'I':
                Push(ParseInteger(TakeLine()));
                break;
            case (byte)'L':
                Push(ParseInteger(TakeLine().TrimEnd('L')));
                break;
            case (byte)'J':
                Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case (byte)'K':
                Push((long)Take(1)[0]);
                break;
            case (byte)'M':
                Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case 0x8A: // LONG1
                Push(ReadLong(Take(1)[0]));
                break;
            case 0x8B: // LONG4
                Push(ReadLong(BinaryPrimitives.ReadInt32LittleEndian(Take(4))));
                break;
            case (byte)'F':
                Push(double.TryParse(TakeLine(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : throw Fault("a number is none"));
                break;
            case (byte)'G':
                Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                break;

            case (byte)'X':
                Push(ReadText(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case 0x8C: // SHORT_BINUNICODE
            case (byte)'U':
                Push(ReadText(Take(1)[0]));
                break;
            case (byte)'T':
                Push(ReadText(BinaryPrimitives.ReadInt32LittleEndian(Take(4))));
                break;
            case 0x8D: // BINUNICODE8
                Push(ReadText(BinaryPrimitives.ReadInt64LittleEndian(Take(8))));
                break;
            case (byte)'C':
                Push(ReadBytes(Take(1)[0]));
                break;
            case (byte)'B':
                Push(ReadBytes(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case 0x8E: // BINBYTES8
            case 0x96: // BYTEARRAY8
                Push(ReadBytes(BinaryPrimitives.ReadInt64LittleEndian(Take(8))));
                break;

            case (byte)'(':
                _marks.Push(_stack.Count);
                break;
            case (byte)'0':
                // As Python does: a mark counts as a value here.
                if (_marks.TryPeek(out int mark) && mark == _stack.Count)
                    _marks.Pop();
                else
                    Pop();
                break;
            case (byte)'1':
                PopToMark();
                break;
            case (byte)'2':
                Push(Top());
                break;

            case (byte)')':
                Push(new PickleTuple([]));
                break;
            case 0x85 or 0x86 or 0x87: // TUPLE1, TUPLE2, TUPLE3
                Push(new PickleTuple(PopLast(code - 0x84)));
                break;
            case (byte)'t':
                Push(new PickleTuple(PopToMark()));
                break;
            case (byte)']':
                Push(new PickleList());
                break;
            case (byte)'l':
                ImmutableArray<object?> listed = PopToMark();
                var list = new PickleList();
                list.Items.AddRange(listed);
                Push(list);
                break;
            case (byte)'a':
                object? appended = Pop();
                Append([appended]);
                break;
            case (byte)'e':
                Append(PopToMark());
                break;
            case (byte)'}':
                Push(new PickleDictionary());
                break;
            case (byte)'d':
                ImmutableArray<object?> pairs = PopToMark();
                Push(new PickleDictionary());
                SetItems(pairs);
                break;
            case (byte)'s':
                SetItems(PopLast(2));
                break;
            case (byte)'u':
                SetItems(PopToMark());
                break;

            case (byte)'p':
                Remember(ParseInteger(TakeLine()) as long? ?? -1);
                break;
            case (byte)'q':
                Remember(Take(1)[0]);
                break;
            case (byte)'r':
                Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case 0x94: // MEMOIZE
                Remember(_memo.Count);
                break;
            case (byte)'g':
                Recall(ParseInteger(TakeLine()) as long? ?? -1);
                break;
            case (byte)'h':
                Recall(Take(1)[0]);
                break;
            case (byte)'j':
                Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;

            case (byte)'c':
                string module = TakeLine();
                Push(_vocabulary.Find(module, TakeLine()));
                break;
            case 0x93: // STACK_GLOBAL
                Push(PopLast(2) is [string from, string named] ? _vocabulary.Find(from, named) : throw Fault("a function's name is no text"));
                break;
            case (byte)'R':
            case 0x81: // NEWOBJ
                Push(PopLast(2) is [PickleGlobal { Call: not null } function, PickleTuple arguments]
                    ? function.Call(arguments)
                    : throw CheckpointFault.Forbidden("a call of something that is no known function"));
                break;
            case (byte)'b':
                object? state = Pop();
                _vocabulary.SetState(Top(), state);
                break;
            case (byte)'Q':
                Push(_vocabulary.Load(Pop()));
                break;
            case (byte)'i':
                throw CheckpointFault.Forbidden($"{TakeLine()}.{TakeLine()}, by instruction INST");
            case (byte)'o':
                throw CheckpointFault.Forbidden("an object's construction, by instruction OBJ");
            case 0x92:
                throw CheckpointFault.Forbidden("an object's construction with named arguments, by instruction NEWOBJ_EX");
            case 0x82 or 0x83 or 0x84:
                throw CheckpointFault.Forbidden("a registered extension, by instruction EXT");

            default:
                throw Fault($"instruction 0x{code:X2} at byte {_position - 1} is none that checkpoints use");
        }
    }

    private readonly void Push(object? value) => _stack.Add(value);

    private object? Pop() => PopLast(1)[0];

    private readonly object? Top() => _stack.Count > Floor() ? _stack[^1] : throw Fault("its stack runs empty");

    private readonly ImmutableArray<object?> PopLast(int count)
    {
        if (_stack.Count - count < Floor())
            throw Fault("its stack runs empty");
        ImmutableArray<object?> values = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private readonly int Floor() => _marks.TryPeek(out int mark) ? mark : 0;

    private readonly ImmutableArray<object?> PopToMark()
    {
        if (!_marks.TryPop(out int mark))
            throw Fault("it closes what it did not open");
        ImmutableArray<object?> values = [.. _stack[mark..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private readonly void Append(ImmutableArray<object?> values)
    {
        if (Top() is not PickleList list)
            throw Fault("it appends to what is no list");
        list.Items.AddRange(values);
    }

    private readonly void SetItems(ImmutableArray<object?> values)
    {
        if (Top() is not PickleDictionary dictionary || values.Length % 2 != 0)
            throw Fault("it sets items of what is no dictionary");
        for (int i = 0; i < values.Length; i += 2)
            dictionary.Items.Add(new(values[i], values[i + 1]));
    }

    private readonly void Remember(long key) => _memo[key] = Top();

    private readonly void Recall(long key) => Push(_memo.TryGetValue(key, out object? value) ? value : throw Fault($"it asks for value {key}, which it did not keep"));

    private ReadOnlySpan<byte> Take(long length) => TakeMemory(length).Span;

    private ReadOnlyMemory<byte> TakeMemory(long length)
    {
        if (length < 0 || length > _pickle.Length - _position)
            throw Fault("it ends too early");
        ReadOnlyMemory<byte> taken = _pickle.Slice(_position, (int)length);
        _position += (int)length;
        return taken;
    }

    private string TakeLine()
    {
        int length = _pickle.Span[_position..].IndexOf((byte)'\n');
        if (length < 0)
            throw Fault("a line has no end");
        string line = ReadText(length);
        _position++;
        return line.TrimEnd('\r');
    }

    private string ReadText(long length)
    {
        try
        {
            return StrictUtf8.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            throw Fault("a text is no UTF-8");
        }
    }

    private PickleBytes ReadBytes(long length) => new(TakeMemory(length));

    // Little endian, two's complement, as few bytes as are needed.
    private long ReadLong(int length)
    {
        ReadOnlySpan<byte> bytes = Take(length);
        if (length > 8)
            throw Fault("a number has more than 64 bits");
        long value = length > 0 && (bytes[^1] & 0x80) != 0 ? -1 : 0;
        for (int i = length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private static object ParseInteger(string text) => text switch
    {
        "00" => false,
        "01" => true,
        _ => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : throw Fault("a number is none"),
    };

    private static CheckpointFault Fault(string reason) => CheckpointFault.Damaged("in its pickle, " + reason);
}
