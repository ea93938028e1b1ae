"""Agents and labelled prompts, to measure how often the choice of an agent is right.

`PLAIN` prompts say a thing by its name, `REWORDED` ones as somebody does who does not know the word, `TERSE` ones as
it is typed into a chat. What is in `KNOWN` may be looked at while scorers are made. `HELD_OUT` was written before any
scorer was run on it, and nothing was changed to fit it since: change neither it nor a scorer for its sake.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.runners import NoopRunner

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


class Wording(StrEnum):
    PLAIN = "plain"
    REWORDED = "reworded"
    TERSE = "terse"


@dataclass(frozen=True, slots=True)
class Task:
    prompt: str
    agent_id: str
    """Whose it is."""
    wording: Wording


def _agent(agent_id: str, name: str, description: str, *capabilities: str) -> Agent:
    return Agent(
        agent_id=agent_id,
        name=name,
        description=description,
        capabilities=capabilities,
        runner=NoopRunner(),
        created_at=MADE_AT,
        updated_at=MADE_AT,
        revision=1,
    )


AGENTS = (
    _agent(
        "cost-auditor",
        "Cost Auditor",
        "Finds waste in the cloud bill and proposes savings for AWS, GCP and Azure accounts.",
        "cloud cost",
        "billing",
        "rightsizing",
        "unused resources",
        "budgets",
    ),
    _agent(
        "security-scanner",
        "Security Scanner",
        "Scans servers, containers and dependencies for vulnerabilities and misconfigurations and writes a report.",
        "CVE",
        "trivy",
        "container images",
        "secrets detection",
        "hardening",
    ),
    _agent(
        "db-admin",
        "Database Admin",
        "Looks after PostgreSQL, MySQL and MongoDB: backups, restores, slow queries, indexes, migrations.",
        "backup",
        "restore",
        "postgres",
        "mysql",
        "query tuning",
    ),
    _agent(
        "k8s-operator",
        "Kubernetes Operator",
        "Inspects and repairs Kubernetes clusters: deployments, pods, nodes, helm releases, autoscaling.",
        "kubectl",
        "helm",
        "pods",
        "nodes",
        "rollout",
    ),
    _agent(
        "deploy-manager",
        "Release Manager",
        "Ships new versions: runs CI/CD pipelines, promotes builds between environments, rolls back bad releases.",
        "deploy",
        "pipeline",
        "rollback",
        "jenkins",
        "github actions",
    ),
    _agent(
        "sre-oncall",
        "SRE On-call",
        "Investigates alerts and incidents, checks system health, metrics and logs, and finds root causes.",
        "incident",
        "prometheus",
        "grafana",
        "logs",
        "cpu",
        "latency",
    ),
    _agent(
        "data-analyst",
        "Data Analyst",
        "Answers questions with SQL over the warehouse and prepares charts and periodic analytics reports.",
        "sql",
        "dashboards",
        "analytics",
        "kpi",
        "weekly report",
    ),
    _agent(
        "data-sync",
        "Data Sync Agent",
        "Moves and reconciles data between SaaS tools, files, APIs and databases; cleans up stale records.",
        "etl",
        "synchronization",
        "csv",
        "crm",
        "deduplicate",
    ),
    _agent(
        "support-triage",
        "Support Triage",
        "Reads customer tickets and emails, labels, prioritises and routes them, drafts replies.",
        "zendesk",
        "tickets",
        "customer email",
        "sla",
    ),
    _agent(
        "docs-writer",
        "Documentation Writer",
        "Writes and updates technical documentation, changelogs, release notes and runbooks from code and pull "
        "requests.",
        "markdown",
        "changelog",
        "readme",
        "runbook",
    ),
    _agent(
        "network-engineer",
        "Network Engineer",
        "Checks DNS, TLS certificates, load balancers, VPNs and firewalls, and debugs connectivity.",
        "dns",
        "certificates",
        "firewall",
        "vpn",
        "load balancer",
    ),
    _agent(
        "access-manager",
        "Access Manager",
        "Manages users, groups and permissions in Okta, GitHub and AWS IAM; onboarding, offboarding and access "
        "reviews.",
        "iam",
        "okta",
        "permissions",
        "onboarding",
        "access review",
    ),
)

Written = dict[str, dict[Wording, tuple[str, ...]]]

_KNOWN: Written = {
    "cost-auditor": {
        Wording.PLAIN: (
            "Audit our AWS cloud cost for the last month and list unused resources",
            "Propose savings on the Azure bill and check the budgets",
        ),
        Wording.REWORDED: (
            "We are spending too much money on virtual machines, tell us what we can switch off",
            "Which of our disks does nobody read from, and what do they set us back each month?",
        ),
        Wording.TERSE: ("monthly spend check", "gcp bill doubled, why"),
    },
    "security-scanner": {
        Wording.PLAIN: (
            "Check all production servers for security vulnerabilities and generate a report",
            "Scan the container images with trivy and report every critical CVE",
        ),
        Wording.REWORDED: (
            "Tell me if any of our libraries has a known exploit",
            "Did anybody commit a password to the repository by mistake?",
        ),
        Wording.TERSE: ("weekly pentest-like sweep", "log4j anywhere?"),
    },
    "db-admin": {
        Wording.PLAIN: (
            "Run daily backup of all databases",
            "Find slow queries in PostgreSQL and suggest missing indexes",
        ),
        Wording.REWORDED: (
            "Make a copy of the customers store every night and keep it for two weeks",
            "The orders table takes ages to answer, make it faster",
        ),
        Wording.TERSE: ("nightly dumps", "vacuum prod"),
    },
    "k8s-operator": {
        Wording.PLAIN: (
            "List pods in CrashLoopBackOff in the kubernetes cluster and restart them",
            "Drain the nodes with old kernels and check the helm releases",
        ),
        Wording.REWORDED: (
            "Some containers keep dying with OOMKilled in the prod namespace, fix their limits",
            "Add more replicas when the workers cannot keep up, and take them away at night",
        ),
        Wording.TERSE: ("crashloop again in prod", "evicted stuff, clean"),
    },
    "deploy-manager": {
        Wording.PLAIN: (
            "Deploy version 2.3.1 of the payments service to production",
            "Run the Jenkins pipeline for the release branch and roll back if it fails",
        ),
        Wording.REWORDED: (
            "Ship the new build to the canary and then everywhere if it stays healthy",
            "Put the old one back, what went out an hour ago is broken",
        ),
        Wording.TERSE: ("push 4.0 live", "revert last release"),
    },
    "sre-oncall": {
        Wording.PLAIN: (
            "Check system health and alert if CPU > 80%",
            "Investigate the latency alert from Prometheus and find the root cause",
        ),
        Wording.REWORDED: (
            "Users say the site is down, find out why",
            "Something eats all the memory around three in the morning, what is it?",
        ),
        Wording.TERSE: ("is everything green?", "5xx spike, look"),
    },
    "data-analyst": {
        Wording.PLAIN: (
            "Generate weekly analytics report",
            "Answer with SQL how revenue developed by region and draw a chart",
        ),
        Wording.REWORDED: (
            "How many new customers signed up last week compared to the week before?",
            "Show the board which product earns the most",
        ),
        Wording.TERSE: ("churn figures please", "kpis for monday"),
    },
    "data-sync": {
        Wording.PLAIN: (
            "Synchronize contacts between the CRM and the billing database",
            "Import the CSV files from the partner API and deduplicate the records",
        ),
        Wording.REWORDED: (
            "Copy yesterday's orders from Shopify into our accounting tool",
            "There are people in HubSpot twice, merge them",
        ),
        Wording.TERSE: ("reconcile stripe vs ledger", "airtable -> postgres hourly"),
    },
    "support-triage": {
        Wording.PLAIN: (
            "Label and prioritise new Zendesk tickets",
            "Draft replies to customer emails that are close to breaking the SLA",
        ),
        Wording.REWORDED: (
            "Sort what people complained about overnight and give the urgent ones to a human",
            "Somebody wants their money back, answer them kindly",
        ),
        Wording.TERSE: ("clear the inbox backlog", "angry users first"),
    },
    "docs-writer": {
        Wording.PLAIN: (
            "Update the README and changelog for release 3.2",
            "Write a runbook for the failover from the pull requests of this month",
        ),
        Wording.REWORDED: (
            "Describe in plain words what changed since the last tag",
            "Newcomers do not understand how to set the project up, explain it to them",
        ),
        Wording.TERSE: ("what's new page", "api reference is stale"),
    },
    "network-engineer": {
        Wording.PLAIN: (
            "Check that TLS certificates do not expire within 30 days",
            "Review the firewall rules and debug the VPN connectivity of the Berlin office",
        ),
        Wording.REWORDED: (
            "Browsers warn that our site is not trusted, find out why",
            "The office in Lyon cannot reach the file server since Tuesday",
        ),
        Wording.TERSE: ("certs expiring?", "mx records ok?"),
    },
    "access-manager": {
        Wording.PLAIN: (
            "Onboard the new engineer in Okta and GitHub",
            "Run the quarterly access review of AWS IAM permissions",
        ),
        Wording.REWORDED: (
            "Maria starts on Monday, give her what a backend developer needs",
            "Who can still log in although they left the company?",
        ),
        Wording.TERSE: ("offboard j.doe", "add sam to admins"),
    },
}

_HELD_OUT: Written = {
    "cost-auditor": {
        Wording.PLAIN: (
            "Report cloud cost by account and compare it with the budgets",
            "Find idle instances and other unused resources in GCP",
        ),
        Wording.REWORDED: (
            "Finance is upset about last month's invoice from Amazon, explain what made it so large",
            "Which machines are far bigger than what they do needs?",
            "Tell us how to pay less for storage without losing anything",
        ),
        Wording.TERSE: ("aws waste?", "budget overrun this month"),
    },
    "security-scanner": {
        Wording.PLAIN: (
            "Scan all dependencies for vulnerabilities",
            "Look for misconfigurations and missing hardening on the web servers",
        ),
        Wording.REWORDED: (
            "Are we affected by the OpenSSL hole that was in the news today?",
            "Make sure that no keys or tokens lie around in the code",
            "How would somebody break into our build machines?",
        ),
        Wording.TERSE: ("cve sweep", "are images safe"),
    },
    "db-admin": {
        Wording.PLAIN: (
            "Restore the MongoDB backup of Sunday into staging",
            "Run the pending schema migrations on MySQL",
        ),
        Wording.REWORDED: (
            "Somebody deleted rows by accident, bring back how it was at noon",
            "Prove that what we saved last night can really be read again",
            "The replica lags behind the primary by ten minutes, look into it",
        ),
        Wording.TERSE: ("pg bloat", "slow selects since friday"),
    },
    "k8s-operator": {
        Wording.PLAIN: (
            "Check the rollout of all deployments in the cluster",
            "Upgrade the helm release of ingress-nginx and watch its pods",
        ),
        Wording.REWORDED: (
            "One of the machines in the cluster does not take new work, see what is wrong with it",
            "Our services restart every few minutes since the upgrade of the platform",
            "Give the queue consumers more room when it gets busy",
        ),
        Wording.TERSE: ("pending pods?", "node notready"),
    },
    "deploy-manager": {
        Wording.PLAIN: (
            "Promote the build from staging to production",
            "Trigger the GitHub Actions pipeline and deploy when it is green",
        ),
        Wording.REWORDED: (
            "Let ten percent of the users have the new checkout, and all of them tomorrow",
            "Undo what we published this morning",
            "Get the hotfix out before the shop opens",
        ),
        Wording.TERSE: ("ship it", "release candidate to stage"),
    },
    "sre-oncall": {
        Wording.PLAIN: (
            "Read the logs of the last incident and find the root cause",
            "Check CPU and latency in Grafana and alert when something is wrong",
        ),
        Wording.REWORDED: (
            "Pages load slowly since lunch, what happened?",
            "The pager went off three times tonight, find what these have in common",
            "Watch the payment service for the next hour and shout if it misbehaves",
        ),
        Wording.TERSE: ("what broke at 2am", "error budget left?"),
    },
    "data-analyst": {
        Wording.PLAIN: (
            "Prepare the monthly KPI dashboards",
            "Query the warehouse for sales by country and make a chart",
        ),
        Wording.REWORDED: (
            "Did the spring campaign bring more people to the shop?",
            "Which customers are likely to leave us, going by what they did in the last months?",
            "Sum up how we did this quarter, with numbers that the management understands",
        ),
        Wording.TERSE: ("signups per week", "top 10 products"),
    },
    "data-sync": {
        Wording.PLAIN: (
            "Move the records from the old CRM into the new one",
            "Reconcile the CSV export with the API and clean up stale records",
        ),
        Wording.REWORDED: (
            "Keep the spreadsheet of suppliers and the shop's list of suppliers the same",
            "Bring the leads from the trade fair into Salesforce",
            "Throw out contacts that nobody has touched for three years",
        ),
        Wording.TERSE: ("hubspot sync stuck", "load partner files"),
    },
    "support-triage": {
        Wording.PLAIN: (
            "Route new customer tickets to the right team",
            "Read the customer email of last night and draft replies",
        ),
        Wording.REWORDED: (
            "See what people wrote to us over the weekend and who should look at it",
            "Find those who have waited longest for an answer from us",
            "Tell everyone who asked about the outage that it is over",
        ),
        Wording.TERSE: ("zendesk queue", "sla breaches today"),
    },
    "docs-writer": {
        Wording.PLAIN: (
            "Write the release notes for version 5",
            "Update the technical documentation of the API from the code",
        ),
        Wording.REWORDED: (
            "Explain to our users how the new login works",
            "Put down what one has to do when the queue is full, step by step, for the night shift",
            "The getting-started guide still shows the old commands",
        ),
        Wording.TERSE: ("changelog pls", "fix typos in readme"),
    },
    "network-engineer": {
        Wording.PLAIN: (
            "Check the DNS records of all our domains",
            "Debug the load balancer and its health checks",
        ),
        Wording.REWORDED: (
            "People who work from home are thrown out of the company network every hour",
            "Name lookups take two seconds in the Frankfurt data centre",
            "Open the port for the new partner, and only for them",
        ),
        Wording.TERSE: ("vpn down", "ssl on shop.example.org"),
    },
    "access-manager": {
        Wording.PLAIN: (
            "Offboard users who left and remove their groups in Okta",
            "List permissions in AWS IAM that nobody uses",
        ),
        Wording.REWORDED: (
            "Peter moves from sales to engineering, change what he may see",
            "An external auditor needs to read the billing account for two weeks",
            "Which people have more rights than their role needs?",
        ),
        Wording.TERSE: ("new hire monday", "revoke contractor accounts"),
    },
}


def _tasks(written: Written) -> Iterator[Task]:
    for agent_id, by_wording in written.items():
        for wording, prompts in by_wording.items():
            yield from (Task(prompt, agent_id, wording) for prompt in prompts)


KNOWN = tuple(_tasks(_KNOWN))
HELD_OUT = tuple(_tasks(_HELD_OUT))
