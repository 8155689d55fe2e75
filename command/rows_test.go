package command_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// rows are the rows of seed-systems.md, M for Magento's gateway and W for
// WooCommerce Payments' requests, each with the tests that prove it.
var rows = map[string][]string{
	"M1":  {"examples/externalapi.TestM1AnyAPIGoesThroughTheSamePipeline"},
	"M2":  {"command.TestM2FivePartsAreInjectedAndWiredDeclaratively"},
	"M3":  {"request.TestM3ABuilderReadsTheSubjectOfTheCall"},
	"M4":  {"request.TestM4BuildersMergeAsTheCompositeSays", "request.TestM4LazyPartsAreMadeWhenTheyAreNeeded"},
	"M5":  {"transfer.TestARouteMakesATransfer"},
	"M6":  {"client.TestM6AClientPlacesARequestConvertsAndTells", "client.TestALostAnswerIsNeverResent"},
	"M7":  {"handler.TestM7ATokenIsCachedUntilShortlyBeforeItExpires", "examples/externalapi.TestM1AnyAPIGoesThroughTheSamePipeline"},
	"M8":  {"validator.TestACompositeCollectsEveryFailure"},
	"M9":  {"command.TestM9APoolIsTheSetOfCommands"},
	"M10": {"command.TestM10ACommandRunsAsTheirsAndSaysWhy", "transfer.TestReadingRequestsAreSafeAndPutTheDocumentIntoTheQuery"},
	"M11": {"command.TestM11EveryStageHasAFolderAndOneMethod"},
	"W1":  {"request.TestW1W2W4ATypedRequestIsValidatedAndWritten"},
	"W2":  {"request.TestW1W2W4ATypedRequestIsValidatedAndWritten"},
	"W3":  {"transfer.TestW3AnIdentifierIsNeededAndParametersAreNot", "transfer.TestReadingRequestsAreSafeAndPutTheDocumentIntoTheQuery"},
	"W4":  {"request.TestW1W2W4ATypedRequestIsValidatedAndWritten"},
	"W5":  {"request.TestW5AGenericRequestSendsWhatTheSubjectHolds"},
	"W6":  {"command.TestW6EveryCommandTakesFiltersByName"},
	"W7":  {"request.TestW7AFilterCannotChangeAProtectedField", "request.TestW7AKeptNodeIsNoWayAroundProtection", "request.TestW7AFilterCannotChangeWhoPays"},
	"W8":  {"request.TestW8AFilterMayRefuse"},
	"W9":  {"request.TestW9LookingAFilteredRequestOverIsCheap"},
	"W10": {"providers.TestTheCapabilityTableIsTrue"},
	"W11": {"transfer.TestW11AnAnswerIsReadByPathOrAsAStruct"},
	"W12": {"command.TestW12TheGuideForContributorsIsTrue"},
}

func TestEveryRowIsNamedByItsTests(t *testing.T) {
	t.Parallel()
	all := repository(t)
	assert.Len(t, rows, 11+12)
	for row, tests := range rows {
		name := regexp.MustCompile(`(^|[^0-9A-Za-z])` + row + `([^0-9]|$)|Test([MW]\d+)*` + row + `[A-Z]|` + row[:1] + `\d+ to ` + row)
		for _, test := range tests {
			if assert.Contains(t, all.tests, test, row) {
				assert.Regexp(t, name, all.tests[test], "%s does not name %s", test, row)
			}
		}
	}
}

// M2: five parts, all injected, wired declaratively; a named, preconfigured
// instance that differs in one of them (a virtual type there) is Like with edits.
func TestM2FivePartsAreInjectedAndWiredDeclaratively(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	use := func(part string) { used[part] = true }
	p := answering(200, captured)
	spec := capture(nil)
	route := spec.Transfer
	pools := assemble(t,
		command.Provider{Name: "acme", Commands: func(*command.Pool) command.Commands {
			spec.Request = request.Compose(request.Named("amount", request.Write(func(s gateway.Subject, doc *request.Document) { use("builder"); doc.Money("amount", s.Amount) })))
			spec.Transfer = transfer.Func(func(ctx context.Context, s gateway.Subject, doc *request.Document) (*transfer.Transfer, error) {
				use("factory")
				return route.Create(ctx, s, doc)
			})
			spec.Client = client.Func(func(ctx context.Context, tr *transfer.Transfer) (*transfer.Response, error) {
				use("client")
				return p.PlaceRequest(ctx, tr)
			})
			spec.Validate = validator.Compose(validator.Named("v", validator.Func(func(context.Context, transfer.Exchange) validator.Result { use("validator"); return validator.Result{} })))
			spec.Handle = handler.Compose(handler.Named("h", handler.Func(func(_ context.Context, _ transfer.Exchange, out *gateway.Outcome) error {
				use("handler")
				out.Status = gateway.StatusSucceeded
				return nil
			})))
			spec.Endpoint.Echoes = 0
			return command.Commands{gateway.OpCapture: spec, "other": command.Like(gateway.OpCapture, command.Handle(handler.Replace("h", handler.Awaiting())))}
		}},
	)
	out, err := pools.For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusSucceeded, out.Status)
	assert.Equal(t, map[string]bool{"builder": true, "factory": true, "client": true, "validator": true, "handler": true}, used)

	clear(used)
	out, err = pools.For("acme").Get("other").Execute(t.Context(), subject())
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusAwaiting, out.Status)
	assert.Equal(t, map[string]bool{"builder": true, "factory": true, "client": true, "validator": true}, used, "it differs in one part")
}

// M9: the pool defines the set of commands.
func TestM9APoolIsTheSetOfCommands(t *testing.T) {
	t.Parallel()
	pool := assemble(t, acme(answering(200, captured)), command.Extend("acme", "more", command.Like(gateway.OpCapture))).For("acme")
	assert.Equal(t, []gateway.Operation{gateway.OpCapture, "more", gateway.OpRefund}, pool.Operations())
	for _, op := range pool.Operations() {
		c, err := pool.Lookup(op)
		require.NoError(t, err)
		assert.Same(t, c, pool.Get(op), "a command is made once")
	}
	_, err := pool.Lookup(gateway.OpVoid)
	require.ErrorIs(t, err, gateway.CodeUnsupported)
}

// M10: build, transfer, place, validate with subject and answer, handle. Where
// theirs falls back silently (GET when no method is given, no validator, no
// handler), here the start fails and says what to write instead.
func TestM10ACommandRunsAsTheirsAndSaysWhy(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*command.Spec){
		`method "" is none of`:         func(s *command.Spec) { s.Transfer = transfer.Route{Base: "https://api.example.test"} },
		"say validator.Nothing()":      func(s *command.Spec) { s.Validate = validator.Composite{} },
		"say handler.Nothing()":        func(s *command.Spec) { s.Handle = handler.Chain{} },
		"transfer.Route is the stock":  func(s *command.Spec) { s.Transfer = nil },
		"client: there is none":        func(s *command.Spec) { s.Client = nil },
		"the endpoint does not say it": func(s *command.Spec) { s.Endpoint.Effect = "" },
	} {
		spec := capture(answering(200, captured))
		change(&spec)
		_, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
		require.ErrorContains(t, err, want)
	}

	handled := false
	var sees transfer.Exchange
	spec := capture(answering(200, captured))
	spec.Endpoint.Echoes = 0
	spec.Validate = validator.Compose(
		validator.Named("one", validator.Func(func(_ context.Context, x transfer.Exchange) validator.Result {
			sees = x
			return validator.Fail(validator.Failure{Code: gateway.CodeDeclined, Detail: "first"})
		})),
		validator.Named("two", validator.Func(func(context.Context, transfer.Exchange) validator.Result {
			return validator.Fail(validator.Failure{Code: gateway.CodeInvalid, Detail: "second"})
		})),
	)
	spec.Handle = handler.Compose(handler.Named("h", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error { handled = true; return nil })))
	cmd, err := command.New(command.Name{Provider: "acme", Operation: gateway.OpCapture}, spec)
	require.NoError(t, err)
	_, err = cmd.Execute(t.Context(), subject())
	require.ErrorIs(t, err, gateway.CodeDeclined, "the first failure is the verdict")
	require.ErrorContains(t, err, "second", "and the others are told")
	assert.False(t, handled, "handlers run only when nobody objects")
	assert.Equal(t, gateway.StoreID("es"), sees.Subject.Store)
	assert.Equal(t, 200, sees.Response.Status)
}

// M11: Gateway/{Command, Http, Request, Response, Validator} there; here each
// stage is a package at the top, with one interface of one method.
func TestM11EveryStageHasAFolderAndOneMethod(t *testing.T) {
	t.Parallel()
	all := repository(t)
	for folder, want := range map[string]string{
		"command": "Command.Execute", "request": "Builder.Build", "transfer": "Factory.Create",
		"client": "Client.PlaceRequest", "validator": "Validator.Validate", "handler": "Handler.Handle",
	} {
		assert.NotEmpty(t, all.docs[folder], "%s says what it is", folder)
		assert.Contains(t, interfaces(t, folder), want)
	}
}

// interfaces returns "Name.Method" of every exported interface of one method in a folder.
func interfaces(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	var found []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok && spec.Name.IsExported() && len(i.Methods.List) == 1 && len(i.Methods.List[0].Names) == 1 {
				found = append(found, spec.Name.Name+"."+i.Methods.List[0].Names[0].Name)
			}
			return true
		})
	}
	return found
}

// W6: a filter may be put on every request without its provider's doing, under
// one name and with one signature; it gets context and subject beside the
// request, and is documented by where it was put.
func TestW6EveryCommandTakesFiltersByName(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	filter := command.Filter("shop.campaign", request.Func(func(ctx context.Context, s gateway.Subject, doc *request.Document) error {
		require.NotNil(t, ctx)
		doc.Object("metadata").Text("campaign", "spring-"+string(s.Store))
		return nil
	}))
	pools := assemble(t, acme(p), command.Override("*", "*", filter))
	for _, op := range pools.For("acme").Operations() {
		_, err := pools.For("acme").Get(op).Execute(t.Context(), subject())
		require.NoError(t, err)
		d, err := pools.For("acme").Describe(op)
		require.NoError(t, err)
		assert.Contains(t, d.Tree(), "shop.campaign")
		assert.Contains(t, d.Tree(), "rows_test.go:")
	}
	for _, body := range p.bodies() {
		assert.Contains(t, body, `"metadata":{"campaign":"spring-es"}`)
	}
	require.Len(t, p.bodies(), 2)

	_, err := command.Assemble(acme(p), command.Override("*", "*", filter), command.Override("acme", gateway.OpCapture, filter))
	require.ErrorContains(t, err, `adds "shop.campaign", a name that`, "one name is one filter")

	refuse := errors.New("not on Sundays")
	pools = assemble(t, acme(p), command.Override("*", "*", command.Filter("sunday", request.Func(func(context.Context, gateway.Subject, *request.Document) error { return refuse }))))
	_, err = pools.For("acme").Get(gateway.OpCapture).Execute(t.Context(), subject())
	require.ErrorIs(t, err, refuse)
	assert.Equal(t, "filter", gateway.AsError(err, "").Stage)
	assert.Len(t, p.bodies(), 2, "a filter that refuses sends nothing")
}

// W12: documentation for those who write or extend requests: the parts and files
// that it names are there.
func TestW12TheGuideForContributorsIsTrue(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(root, "providers", "README.md"))
	require.NoError(t, err)
	guide := string(raw)
	named := regexp.MustCompile("`(request|transfer|validator|handler|command|gateway|gatewaytest)\\.([A-Z][A-Za-z]*)`").FindAllStringSubmatch(guide, -1)
	require.GreaterOrEqual(t, len(named), 8)
	for _, n := range named {
		folder := n[1]
		if folder == "gatewaytest" {
			folder = "gateway/gatewaytest"
		}
		assert.True(t, exported(t, folder, n[2]), "the guide names %s.%s", n[1], n[2])
	}
	for _, link := range regexp.MustCompile("`((examples|providers)/[a-z/]+)`").FindAllStringSubmatch(guide, -1) {
		assert.DirExists(t, filepath.Join(root, link[1]))
	}
	for _, stage := range []string{"builders.go", "transfer.go", "handlers.go", "errors.go", "commands.go", "module.go", "config.go", "doc.go"} {
		assert.Contains(t, guide, "`"+stage+"`")
		assert.FileExists(t, filepath.Join(root, "providers", "sandbox", stage), "the reference has the shape that the guide asks for")
	}
	assert.Contains(t, guide, "-update", "how golden requests are written")
}

func exported(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f, nil, 0)
		require.NoError(t, err)
		if file.Scope.Lookup(name) != nil {
			return true
		}
	}
	return false
}
