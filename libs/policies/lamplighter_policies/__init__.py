"""What may run, where, and with which tools: rules, Rego and Open Policy Agent, as one decision that fails closed.

patterns     names with `*` in them
attachments  which policies govern what is asked
periods      whether an instant is in some hours of the week
conditions   whether a rule's conditions hold
opinions     what one policy says, or that it could not be asked
rules        built-in rules
answers      what a document of Rego or of a remote server says
modules      what a module in Rego calls and reads, as its parser found it
wire         the document as Rego reads it
rego         the embedded engine: one compiled module, on the thread that compiled it
opa          a server of Open Policy Agent
constraining several constraints as one
combining    all that was said, as one verdict
book         the policies in force: asks those that govern
samples      documents to try a policy on
checking     what is wrong with a policy, field by field
facts        what policies are told of agents and teams
schema       the shape of the document that policies judge
"""

from lamplighter_policies.book import PolicyBook
from lamplighter_policies.checking import check_policy, read_policy
from lamplighter_policies.patterns import matches
from lamplighter_policies.schema import input_schema

__all__ = ["PolicyBook", "check_policy", "input_schema", "matches", "read_policy"]
