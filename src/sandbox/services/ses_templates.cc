#include <fmt/format.h>

#include "base/json.h"
#include "sandbox/listing.h"
#include "sandbox/services/sesv2.h"

// SESv2: templates.
namespace reeve::sandbox {
namespace {

SesDrawer& ses_of(Call& c) { return c.region.drawers.of<SesDrawer>(); }

std::expected<EmailTemplate*, Fault> own(Call& c) {
  const std::string_view name = c["TemplateName"].as_text();
  if (EmailTemplate* found = ses_of(c).templates.find(name)) return found;
  return fault("NotFoundException", fmt::format("Template {} does not exist.", name), 404);
}

void read_content(Value content, EmailTemplate& into) {
  into.subject = content["Subject"].as_string();
  into.text = content["Text"].as_string();
  into.html = content["Html"].as_string();
}

Outcome create(Call& c) {
  const std::string name = c["TemplateName"].as_string();
  SesDrawer& ses = ses_of(c);
  if (ses.templates.find(name)) {
    return fault("AlreadyExistsException", fmt::format("Template {} already exists.", name));
  }
  constexpr std::size_t quota = 20'000;  // [SES developer guide, "Service quotas"]: templates in a Region
  if (ses.templates.rows.size() >= quota) return fault("LimitExceededException", "Too many templates.");
  EmailTemplate made{.id = name, .created = c.now};
  read_content(c["TemplateContent"], made);
  if (made.subject.empty() && made.text.empty() && made.html.empty()) {
    return fault("BadRequestException", "The template has no content.");
  }
  ses.templates.add(std::move(made));
  return {};
}

Outcome update(Call& c) {
  TRY(EmailTemplate * found, own(c));
  read_content(c["TemplateContent"], *found);
  return {};
}

Outcome get(Call& c) {
  TRY(const EmailTemplate* found, own(c));
  c.out.put("TemplateName", found->id);
  c.out.begin_map("TemplateContent");
  c.out.put_if("Subject", found->subject);
  c.out.put_if("Text", found->text);
  c.out.put_if("Html", found->html);
  c.out.end();
  return {};
}

Outcome remove(Call& c) {
  ses_of(c).templates.erase(c["TemplateName"].as_text());
  return {};
}

Outcome list(Call& c) {
  auto page = read_page(c, false, 1, 100, "PageSize", "NextToken");
  if (!page) return fault("BadRequestException", page.error().message);
  Listed<EmailTemplate> listed;
  list_table(
      c, ses_of(c).templates, c.account.id, *page, {}, "", {}, [](const EmailTemplate&) { return true; }, listed);
  c.out.begin_list("TemplatesMetadata");
  for (const EmailTemplate* row : listed.rows) {
    c.out.begin_map();
    c.out.put("TemplateName", row->id);
    c.out.put("CreatedTimestamp", row->created);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome test_render(Call& c) {
  TRY(const EmailTemplate* found, own(c));
  if (!parse_json(c["TemplateData"].as_text())) return fault("BadRequestException", "TemplateData is not JSON.");
  Mail mail;
  if (!render_into(*found, c["TemplateData"].as_text(), mail)) {
    return fault("BadRequestException", "Attribute of the template is not present in the rendering data.");
  }
  c.out.put("RenderedTemplate", fmt::format("Subject: {}\n\n{}{}", mail.subject, mail.text, mail.html));
  return {};
}

}  // namespace

void register_ses_templates(Registry& r) {
  r.add("sesv2", "CreateEmailTemplate", create);
  r.add("sesv2", "UpdateEmailTemplate", update);
  r.add("sesv2", "GetEmailTemplate", get);
  r.add("sesv2", "DeleteEmailTemplate", remove);
  r.add("sesv2", "ListEmailTemplates", list);
  r.add("sesv2", "TestRenderEmailTemplate", test_render);
}

}  // namespace reeve::sandbox
