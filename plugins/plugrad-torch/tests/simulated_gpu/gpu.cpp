// A CUDA device for a torch that was built without: its memory is the host's, its kernels are the CPU's.
//
// What it has of a GPU is what a backend can get wrong: tensors of a dimension or more that lie on two devices do not
// meet, nothing computes on "cuda:0" what was not brought there, an index out of bounds ends the process, and integers
// have no product of matrices. The dispatcher, views, storages and device guards are torch's own.

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/native/Resize.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

namespace {

constexpr auto CUDA = c10::DeviceType::CUDA;
constexpr c10::DeviceIndex COUNT = 2;

thread_local c10::DeviceIndex current = 0;

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return CUDA; }
  c10::Device getDevice() const override { return {CUDA, current}; }
  void setDevice(c10::Device device) const override { current = device.index(); }
  void uncheckedSetDevice(c10::Device device) const noexcept override { current = device.index(); }
  c10::DeviceIndex deviceCount() const noexcept override { return COUNT; }
  c10::Device exchangeDevice(c10::Device device) const override {
    const auto before = getDevice();
    setDevice(device);
    return before;
  }
  c10::Stream getStream(c10::Device device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, device);
  }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
};

struct Memory final : c10::Allocator {
  c10::DataPtr allocate(size_t size) override {
    void* start = size ? std::malloc(size) : nullptr;
    return {start, start, &std::free, c10::Device(CUDA, current)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &std::free; }
  void copy_data(void* to, const void* from, size_t size) const override { std::memcpy(to, from, size); }
};

Memory memory;

// ------------------------------------------------------------------------------------------------- memory and views

struct On {  // `current` for the length of a block
  explicit On(std::optional<c10::Device> device) : before(current) {
    if (device && device->has_index()) current = device->index();
  }
  ~On() { current = before; }
  c10::DeviceIndex before;
};

const c10::DispatchKeySet KEYS(c10::DispatchKey::CUDA);

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  On on(device);
  return at::detail::empty_generic(size, &memory, KEYS, c10::dtype_or_default(dtype), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
                         std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>) {
  On on(device);
  return at::detail::empty_strided_generic(size, stride, &memory, KEYS, c10::dtype_or_default(dtype));
}

at::Tensor on_host(const at::Tensor& x) {  // the same memory
  if (!x.is_cuda()) return x;
  auto out = at::from_blob(x.data_ptr(), x.sizes(), x.strides(), [x](void*) {}, x.options().device(at::kCPU));
  out._set_conj(x.is_conj());
  out._set_neg(x.is_neg());
  return out;
}

at::Tensor& copy_(at::Tensor& to, const at::Tensor& from, bool) {
  on_host(to).copy_(on_host(from));
  return to;
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  on_host(to).copy_(on_host(from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  at::native::resize_(to, from.sizes(), std::nullopt);
  return copy_from(from, to, false);
}

const at::Tensor& resize_(const at::Tensor& x, at::IntArrayRef size, std::optional<at::MemoryFormat> format) {
  return at::native::resize_(x, size, format);
}

at::Scalar item(const at::Tensor& x) { return at::_local_scalar_dense(on_host(x)); }

at::Tensor view(const at::Tensor& x, c10::SymIntArrayRef size) {
  return at::native::view(x, C10_AS_INTARRAYREF_SLOW(size));
}

at::Tensor reshape_alias(const at::Tensor& x, at::IntArrayRef size, at::IntArrayRef stride) {
  return at::native::_reshape_alias(x, size, stride);
}

// ---------------------------------------------------------------------------------------------------- all that computes

void require_one_device(const c10::OperatorHandle& op, at::ArrayRef<c10::IValue> given,
                        std::optional<c10::Device>& home) {
  const auto each = [&](const auto& look) {
    for (size_t i = 0; i < given.size(); i++) {
      const auto& name = op.schema().arguments()[i].name();
      if (given[i].isTensor()) look(given[i].toTensor(), name);
      if (given[i].isTensorList())
        for (const at::Tensor& x : given[i].toTensorVector()) look(x, name);
      if (given[i].isOptionalTensorList())
        for (const std::optional<at::Tensor>& x : given[i].toOptionalTensorVector())
          if (x) look(*x, name);
    }
  };
  each([&](const at::Tensor& x, const std::string&) {
    if (!x.defined() || !x.is_cuda()) return;
    TORCH_CHECK(!home || *home == x.device(), "tensors on ", *home, " and ", x.device(), " in ", op.schema().name());
    home = x.device();
  });
  each([&](const at::Tensor& x, const std::string& name) {  // a number, and what an array is indexed by, may lie there
    TORCH_CHECK(!home || !x.defined() || x.is_cuda() || x.dim() == 0 || name == "indices",
                "tensors on ", *home, " and the CPU in ", op.schema().name());
  });
}

void require_kernel(const std::string& name, at::ArrayRef<c10::IValue> given) {
  static const std::set<std::string> products{"aten::addmm", "aten::addmv", "aten::baddbmm", "aten::bmm",
                                              "aten::dot",   "aten::mm",    "aten::mv"};
  if (!products.count(name)) return;
  const auto dtype = given[0].toTensor().scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(!at::isIntegralType(dtype, true), "\"addmm_cuda\" not implemented for '", dtype, "'");
}

void compute(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto given = torch::jit::last(*stack, op.schema().arguments().size());
  const auto& name = op.schema().name();
  std::optional<c10::Device> home;
  require_one_device(op, given, home);
  require_kernel(name, given);
  On on(home);
  try {
    at::native::cpu_fallback(op, stack, true);  // a view that is not registered below would be a copy: it raises
  } catch (const c10::Error& error) {
    const std::string said = error.what_without_backtrace();
    if (said.find("out of bounds") == std::string::npos && said.find("out of range") == std::string::npos) throw;
    std::fprintf(stderr, "CUDA error: device-side assert triggered: %s: %s\n", name.c_str(), said.c_str());
    std::abort();
  }
  if (!home) return;
  for (auto i = stack->size() - op.schema().returns().size(); i < stack->size(); i++) {
    auto& y = (*stack)[i];  // the fallback takes the first operand's device, be it a number's
    if (y.isTensor() && y.toTensor().defined() && y.toTensor().is_cpu()) y = y.toTensor().to(*home);
  }
}

}  // namespace

C10_REGISTER_GUARD_IMPL(CUDA, Guard);
REGISTER_ALLOCATOR(CUDA, &memory);

TORCH_LIBRARY_IMPL(_, CUDA, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>()); }

TORCH_LIBRARY_IMPL(aten, CUDA, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("copy_", copy_);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("resize_", resize_);
  m.impl("_local_scalar_dense", item);
  m.impl("view", view);
  m.impl("_reshape_alias", reshape_alias);
  m.impl("view.dtype", at::native::view_dtype);
  m.impl("view_as_real", at::native::view_as_real);
  m.impl("view_as_complex", at::native::view_as_complex);
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("unfold", at::native::unfold);
  m.impl("convolution", torch::CppFunction::makeFromBoxedFunction<&compute>());  // else by CUDA's own algorithms
  m.impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&compute>());
}
