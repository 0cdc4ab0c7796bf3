using TorchSharp;

namespace Octet.Torch.Tests.TorchScript;

/// <summary>Archives of small networks, in the code that torch.jit.trace and torch.jit.script leave.</summary>
internal static class ScriptNetworks
{
    /// <summary>Traced: a residual block with its submodules in files of their own, one class twice under a mangled name.</summary>
    public static byte[] TracedResidual()
    {
        const string Convolution = """
            class {0}(Module):
              __parameters__ = ["weight", ]
              __buffers__ = []
              weight : Tensor
              training : bool
              def forward(self: __torch__.torch.nn.modules.conv{1}.Conv2d,
                x: Tensor) -> Tensor:
                weight = self.weight
                input = torch._convolution(x, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, False, False, True, True)
                return input

            """;
        const string Normalization = """
            class BatchNorm2d(Module):
              __parameters__ = ["weight", "bias", ]
              __buffers__ = ["running_mean", "running_var", "num_batches_tracked", ]
              weight : Tensor
              bias : Tensor
              running_mean : Tensor
              running_var : Tensor
              num_batches_tracked : Tensor
              training : bool
              def forward(self: __torch__.torch.nn.modules.batchnorm.BatchNorm2d,
                input: Tensor) -> Tensor:
                bias = self.bias
                running_mean = self.running_mean
                running_var = self.running_var
                weight = self.weight
                input0 = torch.batch_norm(input, weight, bias, running_mean, running_var, False, 0.10000000000000001, 1.0000000000000001e-05, True)
                return input0

            """;
        const string Net = """
            class Net(Module):
              __parameters__ = []
              __buffers__ = []
              __annotations__ = []
              __annotations__["0"] = __torch__.torch.nn.modules.conv.Conv2d
              training : bool
              bn1 : __torch__.torch.nn.modules.batchnorm.BatchNorm2d
              conv2 : __torch__.torch.nn.modules.conv.___torch_mangle_0.Conv2d
              fc : __torch__.torch.nn.modules.linear.Linear
              def forward(self: __torch__.Net,
                x: Tensor) -> Tensor:
                fc = self.fc
                conv2 = self.conv2
                bn1 = self.bn1
                _0 = getattr(self, "0")
                _1 = (bn1).forward((_0).forward(x, ), )
                input = torch.relu_(_1)
                _2 = (conv2).forward(input, )
                input0 = torch.add_(_2, input)
                input1 = torch.relu(input0)
                x0 = torch.adaptive_avg_pool2d(torch.max_pool2d(input1, [2, 2], [2, 2], [0, 0], [1, 1], False), [1, 1])
                _3 = ops.prim.NumToTensor(torch.size(x0, 0))
                _4 = int(_3)
                input2 = torch.view(x0, [_4, -1])
                return (fc).forward(torch.dropout(input2, 0.5, False), )

            """;
        const string Linear = """
            class Linear(Module):
              __parameters__ = ["weight", "bias", ]
              __buffers__ = []
              weight : Tensor
              bias : Tensor
              training : bool
              def forward(self: __torch__.torch.nn.modules.linear.Linear,
                input: Tensor) -> Tensor:
                bias = self.bias
                weight = self.weight
                return torch.linear(input, weight, bias)

            """;
        torch.manual_seed(1);
        var root = new ScriptObjectSource("__torch__.Net",
            ("0", new ScriptObjectSource("__torch__.torch.nn.modules.conv.Conv2d", ("weight", torch.randn(4, 3, 3, 3)), ("training", true))),
            ("training", true),
            ("bn1", new ScriptObjectSource("__torch__.torch.nn.modules.batchnorm.BatchNorm2d", ("weight", torch.rand(4)), ("bias", torch.randn(4)), ("running_mean", torch.randn(4)), ("running_var", torch.rand(4).add(0.5)),
                ("num_batches_tracked", torch.tensor(7L)), ("training", false))),
            ("conv2", new ScriptObjectSource("__torch__.torch.nn.modules.conv.___torch_mangle_0.Conv2d", ("weight", torch.randn(4, 4, 3, 3)), ("training", false))),
            ("fc", new ScriptObjectSource("__torch__.torch.nn.modules.linear.Linear", ("weight", torch.randn(5, 4)), ("bias", torch.randn(5)), ("training", false))));
        return ScriptArchive.Write(root,
        [
            ("__torch__.py", Net),
            ("__torch__/torch/nn/modules/conv.py", Convolution.Replace("{0}", "Conv2d", StringComparison.Ordinal).Replace("{1}", "", StringComparison.Ordinal)),
            ("__torch__/torch/nn/modules/conv/___torch_mangle_0.py", Convolution.Replace("{0}", "Conv2d", StringComparison.Ordinal).Replace("{1}", ".___torch_mangle_0", StringComparison.Ordinal)),
            ("__torch__/torch/nn/modules/batchnorm.py", Normalization),
            ("__torch__/torch/nn/modules/linear.py", Linear),
        ]);
    }

    /// <summary>Scripted: branches, loops, lists, dictionaries, optional values, functions with default arguments, numbers.</summary>
    public static byte[] ScriptedControlFlow()
    {
        const string Functions = """
            def scaled(input: Tensor,
                scale: float=2.,
                bias: Optional[Tensor]=None) -> Tensor:
              if torch.__isnot__(bias, None):
                bias0 = unchecked_cast(Tensor, bias)
                _0 = torch.add(torch.mul(input, scale), bias0)
              else:
                _0 = torch.mul(input, scale)
              return _0

            """;
        const string Net = """
            class Net(Module):
              __parameters__ = ["weight", ]
              __buffers__ = []
              weight : Tensor
              training : bool
              steps : Final[int] = 3
              def forward(self: __torch__.Net,
                x: Tensor) -> Tuple[Tensor, List[Tensor]]:
                _0 = __torch__.functional.scaled
                _1 = uninitialized(Tensor)
                if self.training:
                  ops.prim.RaiseException("AssertionError: not in training")
                  x0 = _1
                else:
                  x0 = x
                outputs = annotate(List[Tensor], [])
                x1 = x0
                for i in range(3):
                  x2 = _0(x1, 0.5, None, )
                  _2 = torch.append(outputs, x2)
                  x1 = torch.add(x2, self.weight)
                n = torch.len(outputs)
                i0 = 0
                _3 = torch.lt(i0, n)
                x3 = x1
                while _3:
                  x4 = torch.add(x3, outputs[i0])
                  i1 = torch.add(i0, 1)
                  _3, x3, i0 = torch.lt(i1, n), x4, i1
                d = annotate(Dict[str, Tensor], {"a": x3, "b": x})
                if torch.__contains__(d, "a"):
                  x5 = d["a"]
                else:
                  x5 = x
                last = outputs[-1]
                (first, second,) = (outputs[0], (outputs[1], last))
                _4, _5 = second
                e = torch.mul(x5, float(torch.sub(torch.mul(n, 2), 1)))
                return ((self).helper(e, bias=_4, ), outputs)
              def helper(self: __torch__.Net,
                x: Tensor,
                scale: float=0.25,
                bias: Optional[Tensor]=None) -> Tensor:
                _0 = __torch__.functional.scaled
                _1 = torch.__is__(bias, None)
                if _1:
                  _2 = x
                else:
                  _2 = _0(x, scale, bias, )
                return _2 if torch.gt(torch.dim(x), 1) else x

            """;
        torch.manual_seed(2);
        return ScriptArchive.Write(new ScriptObjectSource("__torch__.Net", ("weight", torch.randn(6)), ("training", false)), [("__torch__.py", Net), ("__torch__/functional.py", Functions)]);
    }

    /// <summary>Traced: a block of a transformer with a causal mask among the constants.</summary>
    public static byte[] TracedTransformer()
    {
        const string Net = """
            class Net(Module):
              __parameters__ = ["embedding", "position", "qkv", "out", "gain", "shift", "up", "down", ]
              __buffers__ = []
              embedding : Tensor
              position : Tensor
              qkv : Tensor
              out : Tensor
              gain : Tensor
              shift : Tensor
              up : Tensor
              down : Tensor
              def forward(self: __torch__.Net,
                tokens: Tensor) -> Tensor:
                _0 = torch.embedding(self.embedding, tokens)
                _1 = ops.prim.NumToTensor(torch.size(tokens, 1))
                _2 = torch.slice(self.position, 0, 0, int(_1))
                x = torch.add(_0, torch.unsqueeze(_2, 0))
                b = ops.prim.NumToTensor(torch.size(x, 0))
                t = ops.prim.NumToTensor(torch.size(x, 1))
                c = torch.size(x, 2)
                n = torch.layer_norm(x, [8], self.gain, self.shift, 1.0000000000000001e-05, True)
                _3 = torch.linear(n, self.qkv)
                _4 = torch.view(_3, [int(b), int(t), 3, 2, torch.floordiv(c, 2)])
                _5 = torch.unbind(torch.permute(_4, [2, 0, 3, 1, 4]))
                q, k, v, = _5
                _6 = torch.matmul(q, torch.transpose(k, -2, -1))
                _7 = torch.div(_6, CONSTANTS.c1)
                _8 = torch.slice(torch.slice(CONSTANTS.c0, 0, 0, int(t)), 1, 0, int(t))
                _9 = torch.masked_fill(_7, torch.eq(_8, 0), float("-inf"))
                a = torch.matmul(torch.softmax(_9, -1), v)
                _10 = torch.reshape(torch.contiguous(torch.transpose(a, 1, 2)), [int(b), int(t), c])
                y = torch.add(x, torch.linear(_10, self.out))
                _11 = torch.linear(torch.gelu(torch.linear(y, self.up)), self.down)
                z = torch.add(y, _11)
                return torch.mean(torch.select(torch.slice(z, 0, 0, 9223372036854775807), 1, 0), [1])

            """;
        torch.manual_seed(3);
        return ScriptArchive.Write(
            new ScriptObjectSource("__torch__.Net", ("embedding", torch.randn(1024, 8)), ("position", torch.randn(7, 8)), ("qkv", torch.randn(24, 8)), ("out", torch.randn(8, 8)), ("gain", torch.rand(8)), ("shift", torch.randn(8)),
                ("up", torch.randn(16, 8)), ("down", torch.randn(8, 16))),
            Net, torch.tril(torch.ones(7, 7)), torch.tensor(2f));
    }

    /// <summary>Traced: a recurrent network of two layers in both directions.</summary>
    public static byte[] TracedRecurrent(string kind, bool bidirectional)
    {
        (string call, int gates, string results) = kind switch
        {
            "lstm" => ("torch.lstm(x, [h, h], weights, True, 2, 0., False, {0}, True)", 4, "_0, _1, _2, = "),
            "gru" => ("torch.gru(x, h, weights, True, 2, 0., False, {0}, True)", 3, "_0, _1, = "),
            _ => ("torch.rnn_tanh(x, h, weights, True, 2, 0., False, {0}, True)", 1, "_0, _1, = "),
        };
        torch.manual_seed(4);
        int directions = bidirectional ? 2 : 1;
        List<(string Name, object Value)> weights = [];
        for (int layer = 0; layer < 2; layer++)
        {
            for (int direction = 0; direction < directions; direction++)
            {
                string suffix = $"l{layer}_{direction}";
                weights.Add(($"ih_{suffix}", torch.randn(gates * 5, layer == 0 ? 3 : 5 * directions).mul(0.5)));
                weights.Add(($"hh_{suffix}", torch.randn(gates * 5, 5).mul(0.5)));
                weights.Add(($"bih_{suffix}", torch.randn(gates * 5)));
                weights.Add(($"bhh_{suffix}", torch.randn(gates * 5)));
            }
        }

        string code = $"""
            class Net(Module):
              __parameters__ = [{string.Concat(weights.Select(weight => $"\"{weight.Name}\", "))}]
              __buffers__ = []
            {string.Concat(weights.Select(weight => $"  {weight.Name} : Tensor\n"))}  def forward(self: __torch__.Net,
                x: Tensor) -> Tensor:
                h = torch.zeros([{2 * directions}, torch.size(x, 0), 5], dtype=6, layout=0, device=torch.device("cpu"), pin_memory=False)
                weights = [{string.Join(", ", weights.Select(weight => $"self.{weight.Name}"))}]
                {results}{call.Replace("{0}", bidirectional ? "True" : "False", StringComparison.Ordinal)}
                return torch.select(_0, 1, -1)

            """;
        return ScriptArchive.Write(new ScriptObjectSource("__torch__.Net", [.. weights]), code);
    }

    /// <summary>Scripted: an encoder and decoder of images with interpolation, padding and concatenation, that returns a dictionary's values.</summary>
    public static byte[] ScriptedUNet()
    {
        const string Net = """
            class Net(Module):
              __parameters__ = ["down", "middle", "up", ]
              __buffers__ = []
              down : Tensor
              middle : Tensor
              up : Tensor
              def forward(self: __torch__.Net,
                x: Tensor) -> Tuple[Tensor, Tensor]:
                a = torch.silu(torch.conv2d(x, self.down, None, [1, 1], [1, 1]))
                b = torch.avg_pool2d(a, [2, 2], [2, 2])
                c = torch.group_norm(torch.conv2d(b, self.middle, None, [1, 1], [1, 1]), 2)
                size = torch.size(a)
                height = size[2]
                _0 = torch.upsample_nearest2d(c, [height, torch.__getitem__(size, 3)], None)
                d = torch.cat([a, _0], 1)
                _1, _2 = torch.split(d, 4, 1)
                e = torch.mul(_1, torch.sigmoid(_2))
                f = torch.conv_transpose2d(e, self.up, None, [2, 2], [0, 0], [0, 0], 1, [1, 1])
                g = torch.constant_pad_nd(f, [1, 0, 0, 1], 0.5)
                return (torch.slice(torch.slice(g, 2, 1), 3, 0, -1), c)

            """;
        torch.manual_seed(5);
        return ScriptArchive.Write(new ScriptObjectSource("__torch__.Net", ("down", torch.randn(4, 3, 3, 3)), ("middle", torch.randn(4, 4, 3, 3)), ("up", torch.randn(4, 2, 2, 2))), Net);
    }
}
