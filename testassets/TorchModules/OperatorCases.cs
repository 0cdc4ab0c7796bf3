using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchModules;

/// <summary>Activations and other functions of single elements, on [batch, 4, 6].</summary>
public sealed class FunctionCases : Module<Tensor, Dictionary<string, Tensor>>
{
    private readonly Parameter _slopes = Parameter(rand(4));
    private readonly Parameter _slope = Parameter(rand(1));

    public FunctionCases() : base(nameof(FunctionCases)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor x)
    {
        Tensor positive = x.abs() + 0.5, whole = (x * 3).round();
        return new()
        {
            ["silu"] = functional.silu(x),
            ["mish"] = functional.mish(x),
            ["softplus"] = functional.softplus(x),
            ["softplus_sharp"] = functional.softplus(x, 3, 1),
            ["glu"] = functional.glu(x),
            ["glu_channels"] = functional.glu(x, 1),
            ["prelu"] = functional.prelu(x, _slopes),
            ["prelu_single"] = functional.prelu(x, _slope),
            ["gelu"] = functional.gelu(x),
            ["gelu_tanh"] = functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh),
            ["elu"] = x.elu(0.7),
            ["elu_scaled"] = x.elu(0.7, 1.3, 1),
            ["selu"] = x.selu(),
            ["celu"] = x.celu(1.5),
            ["leaky_relu"] = x.leaky_relu(0.2),
            ["hardtanh"] = x.hardtanh(-0.5, 0.8),
            ["hardshrink"] = functional.hardshrink(x, 0.4),
            ["softshrink"] = functional.softshrink(x, 0.4),
            ["tanhshrink"] = functional.tanhshrink(x),
            ["softsign"] = functional.softsign(x),
            ["threshold"] = functional.threshold(x, 0.1, 2),
            ["log_sigmoid"] = x.log_sigmoid(),
            ["softmin"] = functional.softmin(x, 1),
            ["log_softmax"] = functional.log_softmax(x, 2),
            ["erfc"] = x.erfc(),
            ["exp2"] = x.exp2(),
            ["expm1"] = x.expm1(),
            ["log1p"] = positive.log1p(),
            ["log2"] = positive.log2(),
            ["log10"] = positive.log10(),
            ["rsqrt"] = positive.rsqrt(),
            ["frac"] = (x * 3).frac(),
            ["trunc"] = (x * 3).trunc(),
            ["deg2rad"] = x.deg2rad(),
            ["rad2deg"] = x.rad2deg(),
            ["fmod"] = fmod(x * 5, positive),
            ["fmod_number"] = fmod(x * 5, 0.7),
            ["remainder"] = remainder(x * 5, positive),
            ["remainder_number"] = remainder(x * 5, -0.7),
            ["remainder_integers"] = remainder(whole.to(int64), 4),
            ["floor_divide"] = floor_divide(x * 5, positive),
            ["floor_divide_integers"] = floor_divide(whole.to(int64), tensor(4L)),
            ["divide_floor"] = (x * 5).div(positive, RoundingMode.floor),
            ["lerp"] = lerp(x, positive, x.sigmoid()),
            ["addcmul"] = x.addcmul(positive, x, 0.3),
            ["addcdiv"] = x.addcdiv(x, positive, 0.3),
            ["logaddexp"] = logaddexp(x * 30, positive),
            ["atan2"] = atan2(x, positive - 1),
            ["hypot"] = hypot(x, positive),
            ["copysign"] = positive.copysign(x),
            ["pow"] = positive.pow(x),
            ["square"] = square(x),
            ["sign"] = x.sign(),
            ["zeros_like"] = zeros_like(x) + x.mean(),
            ["ones_like"] = ones_like(x, dtype: int64),
            ["full_like"] = full_like(x, 2.5),
            ["to_integer"] = (x * 3).to(int32),
            ["to_boolean"] = whole.to(@bool),
            ["of_boolean"] = (x > 0).to(float32),
            ["to_double"] = x.to(float64) * 2,
        };
    }
}

/// <summary>Comparisons and logic, on [batch, 4, 6].</summary>
public sealed class LogicCases : Module<Tensor, Dictionary<string, Tensor>>
{
    public LogicCases() : base(nameof(LogicCases)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor x)
    {
        Tensor whole = (x * 2).round(), integers = whole.to(int64), other = whole.flip(1);
        Tensor positive = x > 0, large = x.abs() > 0.5;
        return new()
        {
            ["eq"] = whole.eq(other),
            ["ne"] = whole.ne(other),
            ["lt"] = whole.lt(other),
            ["le"] = whole.le(other),
            ["gt"] = whole.gt(other),
            ["ge"] = whole.ge(other),
            ["eq_number"] = integers == 1,
            ["ne_number"] = integers != 1,
            ["lt_fraction"] = integers < 0.5,
            ["le_mixed"] = integers.le(x),
            ["gt_number"] = whole > 1,
            ["ge_number"] = whole >= 1,
            ["eq_booleans"] = positive.eq(large),
            ["logical_and"] = positive.logical_and(large),
            ["logical_or"] = positive.logical_or(large),
            ["logical_xor"] = positive.logical_xor(large),
            ["logical_and_floats"] = whole.logical_and(other),
            ["logical_not"] = positive.logical_not(),
            ["logical_not_floats"] = whole.logical_not(),
            ["bitwise_and"] = positive & large,
            ["bitwise_or"] = positive | large,
            ["bitwise_xor"] = positive ^ large,
            ["bitwise_not"] = ~positive,
            ["bitwise_and_integers"] = integers & 3,
            ["isnan"] = (whole / whole).isnan(),
            ["isinf"] = (x / whole).isinf(),
            ["isposinf"] = (x / whole).isposinf(),
            ["isneginf"] = (x / whole).isneginf(),
            ["isfinite"] = (x / whole).isfinite(),
            ["where"] = where(positive, x, other),
            ["where_number"] = where(positive, x, tensor(0.5f)),
            ["masked_fill"] = x.masked_fill(positive, -3),
            ["all"] = (x < 100).all(),
            ["any"] = (x > 2).any(),
            ["all_axis"] = positive.all(2),
            ["any_axis"] = large.any(1, keepdim: true),
            ["maximum"] = maximum(whole, x),
            ["minimum"] = minimum(whole, x),
        };
    }
}

/// <summary>Parts and other arrangements of [batch, 4, 6, 8].</summary>
public sealed class ArrangementCases : Module<Tensor, Dictionary<string, Tensor>>
{
    public ArrangementCases() : base(nameof(ArrangementCases)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor x)
    {
        long batch = x.shape[0];
        Dictionary<string, Tensor> cases = new()
        {
            ["select"] = x.select(2, 3),
            ["select_last"] = x.select(-1, -1),
            ["narrow"] = x.narrow(3, 2, 5),
            ["narrow_behind"] = x.narrow(3, -3, 3),
            ["narrow_batch"] = x.narrow(0, 0, batch),
            ["narrow_batch_but_one"] = cat([x, x], 0).narrow(0, 1, batch),
            ["slice"] = x.slice(3, 1, 7, 2),
            ["slice_open"] = x.slice(2, -4, long.MaxValue, 1),
            ["diagonal"] = x.diagonal(0, 2, 3),
            ["diagonal_above"] = x.diagonal(2, 2, 3),
            ["diagonal_below"] = x.diagonal(-1, 3, 1),
            ["tril"] = x.tril(),
            ["triu"] = x.triu(1),
            ["tril_below"] = x.tril(-2),
            ["unfold_axis"] = x.unfold(2, 3, 2),
            ["movedim"] = x.movedim([1, 2], [3, 1]),
            ["permute"] = x.permute(3, 0, 2, 1),
            ["transpose_batch"] = x.transpose(0, 1),
            ["flip"] = x.flip(1, 3),
            ["fliplr"] = x.fliplr(),
            ["flipud"] = x.select(0, 0).flipud() + x.mean(),
            ["roll"] = x.roll(2, 3),
            ["roll_back"] = x.roll([-1, 5], [1, 2]),
            ["repeat"] = x.repeat(1, 2, 1, 3),
            ["repeat_outer"] = x.select(1, 0).repeat(2, 1, 1, 1),
            ["tile"] = x.tile([2, 1]),
            ["repeat_interleave"] = x.repeat_interleave(3, 1),
            ["expand"] = x.narrow(1, 0, 1).expand(-1, 5, -1, -1),
            ["expand_batch"] = x.mean([0], keepdim: true).expand(batch, -1, -1, -1),
            ["broadcast_to"] = x.select(1, 0).broadcast_to(3, batch, 6, 8),
            ["hstack"] = hstack([x, x * 2]),
            ["vstack"] = vstack([x, x * 2]),
            ["stack"] = stack([x, x * 2], 2),
            ["stack_last"] = stack([x, x * 2], -1),
            ["cat_batch"] = cat([x, x.narrow(1, 0, 4)], 0),
            ["squeeze"] = x.narrow(1, 2, 1).squeeze(1),
            ["squeeze_nothing"] = x.squeeze(1),
            ["unsqueeze"] = x.unsqueeze(-2),
            ["unflatten"] = x.unflatten(3, [2, -1]),
            ["view_merged"] = x.view(batch * 4, 6, 8),
            ["view_split"] = x.view(batch, 2, 2, -1, 4),
            ["reshape_last"] = x.reshape(-1, 8),
            ["reshape_moved"] = x.permute(1, 0, 2, 3).reshape(4, batch, 48),
            ["flatten"] = x.flatten(1, 2),
            ["pixel_shuffle"] = functional.pixel_shuffle(x, 2),
            ["pixel_unshuffle"] = functional.pixel_unshuffle(x, 2),
            ["channel_shuffle"] = x.channel_shuffle(2),
            ["columns"] = functional.unfold(x, (3, 2), (1, 2), (1, 0), (2, 1)),
            ["swapaxes"] = x.swapaxes(1, 3),
            ["adjoint"] = x.mT,
            ["row_stack"] = row_stack([x, x * 2]),
            ["upsampled_row"] = functional.upsample_nearest1d(x.flatten(2), 31, null),
            ["upsampled"] = functional.upsample_nearest2d(x, [9, 5]),
            ["upsampled_by_factors"] = functional.upsample_nearest2d(x, null, [2, 3]),
            ["upsampled_volume"] = functional.upsample_nearest3d(x.unsqueeze(1), [5, 6, 9]),
        };
        Tensor grid = x.narrow(1, 0, 3).narrow(2, 0, 5).narrow(3, 0, 2).tanh() * 1.2;
        foreach (GridSampleMode mode in new[] { GridSampleMode.Nearest, GridSampleMode.Bilinear })
        {
            foreach (GridSamplePaddingMode padding in Enum.GetValues<GridSamplePaddingMode>())
            {
                cases[$"grid_{mode}_{padding}"] = functional.grid_sample(x, grid, mode, padding, align_corners: false);
                cases[$"grid_{mode}_{padding}_aligned"] = functional.grid_sample(x, grid, mode, padding, align_corners: true);
            }
        }
        Add("chunk", x.chunk(3, 2));
        Add("chunk_uneven", x.chunk(3, 3));
        Add("split", x.split(4, 3));
        Add("split_sizes", x.split([1, 2, 3], 2));
        Add("tensor_split", x.tensor_split(3, 3));
        Add("hsplit", x.hsplit(2));
        Add("dsplit", x.dsplit(3));
        Add("hsplit_sizes", x.hsplit([1, 3]));
        Add("dsplit_sizes", x.dsplit([2, 5]));
        Add("vsplit", x.transpose(0, 2).vsplit(3));
        Add("vsplit_sizes", x.transpose(0, 2).vsplit([1, 4]));
        Add("unbind", x.unbind(1));
        return cases;

        void Add(string name, Tensor[] parts)
        {
            for (int i = 0; i < parts.Length; i++)
                cases[$"{name}_{i}"] = parts[i];
        }
    }
}

/// <summary>Reading and writing by index, on [batch, 4, 6, 8].</summary>
public sealed class IndexCases : Module<Tensor, Dictionary<string, Tensor>>
{
    private readonly Parameter _table = Parameter(randn(10, 3));

    public IndexCases() : base(nameof(IndexCases)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor x)
    {
        TensorIndex all = TensorIndex.Colon, ellipsis = TensorIndex.Ellipsis, none = TensorIndex.None;
        Tensor rows = tensor([3L, 0L, 1L]), columns = tensor([5L, -1L, 2L]), square = tensor([0L, 2L, 1L, 3L]).view(2, 2), kept = tensor([true, false, true, true]);
        TensorIndex first = TensorIndex.Tensor(rows), second = TensorIndex.Tensor(columns), grid = TensorIndex.Tensor(square), mask = TensorIndex.Tensor(kept);
        TensorIndex image = TensorIndex.Tensor(arange(48).view(6, 8).remainder(5).eq(2));
        Tensor places = (x * 2).round().abs().to(int64).clamp(0, 3);
        return new()
        {
            ["number"] = x[all, 1],
            ["number_last"] = x[ellipsis, -2],
            ["numbers"] = x[all, 1, 2, 3],
            ["range"] = x[all, TensorIndex.Slice(1, 3)],
            ["range_step"] = x[ellipsis, TensorIndex.Slice(1, null, 3)],
            ["range_behind"] = x[ellipsis, TensorIndex.Slice(-3)],
            ["new_axis"] = x[all, none, 2],
            ["new_axis_last"] = x[ellipsis, none],
            ["tensor"] = x[all, first],
            ["tensor_inner"] = x[all, all, grid],
            ["tensors"] = x[all, first, second],
            ["tensors_last"] = x[all, all, second, first],
            ["tensors_apart"] = x[all, first, all, second],
            ["tensors_broadcast"] = x[all, TensorIndex.Tensor(square.view(2, 2, 1)), second],
            ["tensor_and_number"] = x[all, first, 2, second],
            ["mask"] = x[all, mask],
            ["mask_image"] = x[all, all, image],
            ["of_table"] = _table[places.select(1, 0).select(1, 0)],
            ["index_select"] = x.index_select(2, columns.abs()),
            ["gather"] = x.gather(1, places),
            ["gather_part"] = x.gather(1, places.narrow(1, 0, 2).narrow(3, 0, 5)),
            ["take"] = x.take(places),
            ["take_along"] = x.take_along_dim(places, 1),
            ["take_along_order"] = x.take_along_dim(x.argsort(3), 3),
            ["put_range"] = x.clone().index_put_(x.narrow(1, 0, 2) * 3, all, TensorIndex.Slice(2, 4)),
            ["put_number"] = x.clone().index_put_(x.select(1, 0) * 3, all, 2),
            ["put_scalar"] = x.clone().index_put_((Scalar)7.5, all, TensorIndex.Slice(1, 4, 2), ellipsis, 3),
            ["put_tensors"] = x.clone().index_put_(x.select(1, 1).narrow(1, 0, 3), all, first, second),
            ["put_accumulated"] = x.transpose(0, 1).clone().index_put_(x.transpose(0, 1).narrow(0, 0, 3), [TensorIndex.Tensor(tensor([1L, 1L, 0L]))], accumulate: true),
            ["put_mask"] = x.clone().index_put_(tensor(0f), TensorIndex.Tensor(x > 0.3)),
            ["put_constant_mask"] = x.clone().index_put_(x.mean(), all, mask),
            ["scatter"] = x.scatter(1, places.narrow(1, 0, 1), x.narrow(1, 1, 1) * 5),
            ["scatter_of_more"] = x.scatter(1, places.narrow(1, 0, 1), x * 5),
            ["scatter_add"] = x.scatter_add(1, places, x * 5),
            ["index_add"] = x.index_add(1, rows, x.narrow(1, 0, 3), 2),
            ["index_copy"] = x.index_copy(1, rows, x.narrow(1, 0, 3) * 2),
            ["index_fill"] = x.index_fill(2, tensor([5L, 0L]), -1),
            ["get1"] = x.transpose(0, 1)[1],
            ["get3"] = x.permute(1, 2, 3, 0)[3, 2, 1],
            ["set1"] = Set(x.transpose(0, 1).clone(), y => y[2] = x.select(1, 0)),
            ["set2"] = Set(x.permute(1, 2, 0, 3).clone(), y => y[1, -1] = x.mean()),
            ["select_scatter"] = x.select_scatter(x.select(1, 0) * 3, 1, 2),
        };

        static Tensor Set(Tensor tensor, Action<Tensor> write)
        {
            write(tensor);
            return tensor;
        }
    }
}

/// <summary>Reductions and order, on [batch, 4, 6, 8].</summary>
public sealed class ReductionCases : Module<Tensor, Dictionary<string, Tensor>>
{
    public ReductionCases() : base(nameof(ReductionCases)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor x)
    {
        Tensor integers = (x * 3).round().to(int64);
        (Tensor largest, Tensor largestAt) = x.max(2);
        (Tensor smallest, Tensor smallestAt) = x.min(-1, keepdim: true);
        (Tensor top, Tensor topAt) = x.topk(3, 3);
        (Tensor bottom, Tensor bottomAt) = x.topk(2, 1, largest: false);
        (Tensor sorted, Tensor sortedAt) = x.sort(3);
        (Tensor falling, _) = x.sort(1, descending: true);
        (Tensor deviation, Tensor mean) = x.std_mean([2, 3]);
        (Tensor variance, Tensor meanOfAll) = x.var_mean(false);
        return new()
        {
            ["sum"] = x.sum(),
            ["sum_axes"] = x.sum([1, 3]),
            ["sum_integers"] = integers.sum(1),
            ["sum_booleans"] = (x > 0).sum([2, 3]),
            ["sum_batch"] = x.sum([0]),
            ["mean"] = x.mean(),
            ["mean_axes"] = x.mean([-1, -2], keepdim: true),
            ["prod"] = x.select(1, 0).prod(2),
            ["amax"] = x.amax([1, 2]),
            ["amin"] = x.amin([3], keepdim: true),
            ["max"] = x.max(),
            ["min"] = x.min(),
            ["max_values"] = largest,
            ["max_places"] = largestAt,
            ["min_values"] = smallest,
            ["min_places"] = smallestAt,
            ["argmax"] = x.argmax(1),
            ["argmax_of_all"] = x.argmax(),
            ["argmin_of_all"] = x.argmin(),
            ["argmin"] = x.argmin(2, keepdim: true),
            ["topk_values"] = top,
            ["topk_places"] = topAt,
            ["topk_smallest_values"] = bottom,
            ["topk_smallest_places"] = bottomAt,
            ["sort_values"] = sorted,
            ["sort_places"] = sortedAt,
            ["sort_falling"] = falling,
            ["argsort"] = x.argsort(2, descending: true),
            ["msort"] = x.transpose(0, 3).msort(),
            ["var"] = x.var([1, 2]),
            ["var_biased"] = x.var([3], unbiased: false, keepdim: true),
            ["var_of_all"] = x.var(),
            ["var_batch"] = x.var([0, 1]),
            ["std"] = x.std(2),
            ["std_mean"] = deviation,
            ["std_mean_mean"] = mean,
            ["var_mean"] = variance,
            ["var_mean_mean"] = meanOfAll,
            ["norm"] = x.norm(),
            ["norm_axis"] = x.norm(2, keepdim: true, p: 2),
            ["norm_1"] = x.norm(1, p: 1),
            ["norm_3"] = x.norm(3, p: 3),
            ["norm_infinite"] = x.norm(3, p: float.PositiveInfinity),
            ["norm_0"] = integers.to(float32).norm(3, p: 0),
            ["vector_norm"] = linalg.vector_norm(x, 2.0, [1, 2]),
            ["logsumexp"] = x.logsumexp(1),
            ["cumsum"] = cumsum(x, 2),
            ["cumsum_integers"] = cumsum(integers, 1),
            ["cumsum_booleans"] = cumsum(x > 0, 3),
            ["count_nonzero"] = integers.count_nonzero([1, 3]),
        };
    }
}

/// <summary>Normalizations by the data's own statistics, on [batch, 4, 6, 8].</summary>
public sealed class NormalizationCases : Module<Tensor, Dictionary<string, Tensor>>
{
    private readonly GroupNorm _group = GroupNorm(2, 4);
    private readonly GroupNorm _plainGroup = GroupNorm(4, 4, eps: 1e-3, affine: false);
    private readonly InstanceNorm2d _instance = InstanceNorm2d(4, affine: true);
    private readonly InstanceNorm2d _tracked = InstanceNorm2d(4, affine: true, track_running_stats: true);
    private readonly LayerNorm _layer = LayerNorm([6, 8]);
    private readonly LayerNorm _plainLayer = LayerNorm(8, elementwise_affine: false);
    private readonly LayerNorm _unshifted = LayerNorm(8, bias: false);
    private readonly BatchNorm1d _batch = BatchNorm1d(4);
    private readonly LocalResponseNorm _neighbours = LocalResponseNorm(3, alpha: 0.1);

    public NormalizationCases() : base(nameof(NormalizationCases)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor x)
    {
        Tensor rows = x.flatten(2);
        return new()
        {
            ["group"] = _group.forward(x),
            ["group_rows"] = _group.forward(rows),
            ["group_plain"] = _plainGroup.forward(x),
            ["instance"] = _instance.forward(x),
            ["instance_tracked"] = _tracked.forward(x),
            ["layer"] = _layer.forward(x),
            ["layer_plain"] = _plainLayer.forward(x),
            ["layer_unshifted"] = _unshifted.forward(x),
            ["batch_rows"] = _batch.forward(rows),
            ["neighbours"] = _neighbours.forward(x),
            ["neighbours_rows"] = _neighbours.forward(rows),
            ["normalize"] = functional.normalize(x),
            ["normalize_1"] = functional.normalize(x, p: 1, dim: 2),
            ["cosine_similarity"] = functional.cosine_similarity(x, x.flip(3), 1),
            ["pairwise_distance"] = functional.pairwise_distance(x, x.flip(3)),
        };
    }
}

/// <summary>Products of matrices and tensors, on [batch, 4, 6].</summary>
public sealed class MatrixCases : Module<Tensor, Dictionary<string, Tensor>>
{
    private readonly Parameter _matrix = Parameter(randn(6, 5));
    private readonly Parameter _square = Parameter(randn(4, 4));
    private readonly Parameter _vector = Parameter(randn(6));
    private readonly Parameter _cube = Parameter(randn(3, 6, 5));
    private readonly Bilinear _bilinear = Bilinear(6, 5, 3);
    private readonly Linear _linear = Linear(6, 5);

    public MatrixCases() : base(nameof(MatrixCases)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor x)
    {
        Tensor flat = x.select(1, 0), turned = x.transpose(1, 2), product = x.matmul(_matrix);
        return new()
        {
            ["matmul"] = product,
            ["matmul_vector"] = x.matmul(_vector),
            ["matmul_of_vector"] = _vector.matmul(turned),
            ["matmul_square"] = _square.matmul(x),
            ["mm"] = flat.mm(_matrix),
            ["mv"] = flat.mv(_vector),
            ["bmm"] = x.bmm(turned),
            ["baddbmm"] = x.baddbmm(turned, x.bmm(turned) + 1, 0.5f, 2),
            ["addmm"] = _vector.narrow(0, 0, 5).addmm(flat, _matrix, 0.5f, 2),
            ["addmv"] = flat.select(1, 0).addmv(flat, _vector, 0.5f, 2),
            ["addbmm"] = _square.addbmm(x, turned, 0.5f, 2),
            ["addr"] = (flat * 2).addr(flat.select(1, 1), _vector, 2, 0.5f),
            ["outer"] = flat.select(1, 0).outer(_vector),
            ["inner"] = x.inner(_cube.transpose(1, 2)),
            ["dot"] = flat.sum([0]).dot(_vector),
            ["vdot"] = flat.sum([0]).vdot(_vector),
            ["einsum_batch"] = einsum("bij,jk->bik", x, _matrix),
            ["einsum_ellipsis"] = einsum("...j, kjl -> ...kl", x, _cube),
            ["einsum_attention"] = einsum("bqd,bkd->bqk", x, x),
            ["einsum_diagonal"] = einsum("bii->bi", x.bmm(turned)),
            ["einsum_implicit"] = einsum("bij,bkj", x, x),
            ["tensordot"] = tensordot(x, _cube, [2], [1]),
            ["bilinear"] = _bilinear.forward(x, product),
            ["linear"] = _linear.forward(x),
            ["linear_flat"] = _linear.forward(flat),
            ["linear_functional"] = functional.linear(x, _matrix.transpose(0, 1)),
        };
    }
}

/// <summary>Embeddings and one-hot vectors, on numbers below 20 in [batch, 5].</summary>
public sealed class EmbeddingCases : Module<Tensor, Dictionary<string, Tensor>>
{
    private readonly Embedding _table = Embedding(20, 4, padding_idx: 0);
    private readonly EmbeddingBag _sums = EmbeddingBag(20, 4, mode: EmbeddingBagMode.Sum);
    private readonly EmbeddingBag _means = EmbeddingBag(20, 4, mode: EmbeddingBagMode.Mean);
    private readonly EmbeddingBag _maxima = EmbeddingBag(20, 4, mode: EmbeddingBagMode.Max);

    public EmbeddingCases() : base(nameof(EmbeddingCases)) => RegisterComponents();

    public override Dictionary<string, Tensor> forward(Tensor numbers) => new()
    {
        ["embedding"] = _table.forward(numbers),
        ["embedding_narrow"] = _table.forward(numbers.to(int32)),
        ["sums"] = _sums.call(numbers),
        ["weighted_sums"] = _sums.call(numbers, null!, numbers.to(float32) * 0.1 - 1),
        ["means"] = _means.call(numbers),
        ["maxima"] = _maxima.call(numbers),
        ["one_hot"] = functional.one_hot(numbers, 20),
        ["parity"] = numbers.remainder(2).eq(0).to(float32),
    };
}
